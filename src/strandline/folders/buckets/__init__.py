"""A second kind of place: a bucket of objects behind the S3 protocol (SPEC §24). Imported only for one."""
