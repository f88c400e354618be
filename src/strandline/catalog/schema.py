"""The catalog's tables as they are now. :mod:`~.migrations` brings older catalogs here.

A file's size, mtime, and inode are *one text column* (``stamp``), because the question asked a hundred thousand times
is "is it still the same file?", and SQLite answers that three times as fast for one column as for three.

A picture whose id is not known yet is no image, so the three indexes for images leave it out: they would take as long
as its row in the first scan of a folder.

Both databases have these tables. PostgreSQL divides the largest one, and has a counter (``postgres/tables``).
"""

from __future__ import annotations

from strandline.catalog.dialect import Dialect


def say_schema(dialect: Dialect) -> str:
    """The tables in this dialect: one statement after another, each ends with a semicolon and contains none."""
    proven, unproven = dialect.same("proof_stamp", "stamp"), dialect.differs("proof_stamp", "stamp")
    return f"""
    CREATE TABLE meta (
        key   {dialect.text} NOT NULL PRIMARY KEY,
        value {dialect.text} NOT NULL
    );
    CREATE TABLE storage_dirs (
        number          {dialect.numbered},
        sd_id           {dialect.text},
        provisional     {dialect.whole} NOT NULL DEFAULT 0,
        name            {dialect.text} NOT NULL UNIQUE,
        path            {dialect.text} NOT NULL,
        state           {dialect.text} NOT NULL,
        problem         {dialect.text},
        read_only       {dialect.whole} NOT NULL DEFAULT 0,
        first_scan_done {dialect.whole} NOT NULL DEFAULT 0,
        added_at_us     {dialect.whole} NOT NULL,
        question        {dialect.text},
        layout          {dialect.text} NOT NULL DEFAULT 'ids',
        layout_chosen   {dialect.whole} NOT NULL DEFAULT 0,
        anchors         {dialect.text},
        notes_checked_us {dialect.whole}
    );
    CREATE TABLE storage_dir_aliases (
        number {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        sd_id  {dialect.text} NOT NULL,
        PRIMARY KEY (number, sd_id)
    ){dialect.clustered};
    CREATE TABLE image_files (
        sd                 {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path               {dialect.text} NOT NULL,
        image_id           {dialect.text},
        media_type         {dialect.text} NOT NULL,
        size_bytes         {dialect.whole},
        stamp              {dialect.text},
        state              {dialect.text} NOT NULL,
        prior_state        {dialect.text},
        first_seen_us      {dialect.whole} NOT NULL,
        unchanged_since_us {dialect.whole} NOT NULL,
        absent_since_us    {dialect.whole},
        absence_accepted   {dialect.whole} NOT NULL DEFAULT 0,
        proof_kind         {dialect.text},
        proof_sha256       {dialect.text},
        proof_stamp        {dialect.text},
        proven_at_us       {dialect.whole},
        width              {dialect.whole},
        height             {dialect.whole},
        taken_at_us        {dialect.whole},
        sort_us            {dialect.whole} NOT NULL,
        listed_first       {dialect.whole} NOT NULL DEFAULT 1,
        proof_ctime_ns     {dialect.whole},
        proof_whole        {dialect.whole},
        folded_name        {dialect.text},
        folded_path        {dialect.text},
        verified_us        {dialect.whole},
        PRIMARY KEY (sd, path)
    ){dialect.by_path};
    CREATE INDEX image_files_by_image ON image_files (image_id) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_newest_first ON image_files (sort_us) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_by_arrival ON image_files (first_seen_us) WHERE image_id IS NOT NULL;
    CREATE INDEX image_files_unproven ON image_files (sd, sort_us)
        WHERE state = 'present' AND {unproven};
    CREATE INDEX image_files_noteworthy ON image_files (sd, state)
        WHERE state <> 'present' OR absent_since_us IS NOT NULL;
    CREATE INDEX image_files_arrivals ON image_files (sd, sort_us)
        WHERE listed_first = 0 AND state = 'present' AND {unproven};
    CREATE INDEX image_files_unwalked ON image_files (sd, sort_us)
        WHERE state = 'present' AND {proven} AND proof_whole IS NULL;
    CREATE INDEX image_files_incomplete ON image_files (sd, path) WHERE proof_whole = 0;
    CREATE INDEX image_files_by_name ON image_files (sd, folded_name) WHERE folded_name IS NOT NULL;
    CREATE TABLE origins (
        image_id      {dialect.text} NOT NULL,
        original_name {dialect.text} NOT NULL,
        source        {dialect.text} NOT NULL,
        saved_at_us   {dialect.whole} NOT NULL,
        folded_name   {dialect.text} NOT NULL DEFAULT '',
        PRIMARY KEY (image_id, original_name, source)
    ){dialect.clustered};
    CREATE TABLE journal (
        seq      {dialect.counted},
        at_us    {dialect.whole} NOT NULL,
        type     {dialect.text} NOT NULL,
        sd_id    {dialect.text},
        facts    {dialect.text} NOT NULL
    );
    CREATE TABLE trash (
        trash_id      {dialect.text} NOT NULL PRIMARY KEY,
        sd_id         {dialect.text},
        sd_path       {dialect.text} NOT NULL,
        path          {dialect.text} NOT NULL,
        image_id      {dialect.text} NOT NULL,
        size_bytes    {dialect.whole} NOT NULL,
        sha256        {dialect.text} NOT NULL,
        reason        {dialect.text} NOT NULL,
        trashed_at_us {dialect.whole} NOT NULL,
        mtime_ns      {dialect.whole}
    ){dialect.clustered};
    CREATE TABLE conflict_copies (
        sd       {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     {dialect.text} NOT NULL,
        image_id {dialect.text} NOT NULL,
        stamp    {dialect.text} NOT NULL,
        sha256   {dialect.text},
        PRIMARY KEY (sd, path)
    ){dialect.clustered};
    CREATE INDEX conflict_copies_by_image ON conflict_copies (image_id);
    CREATE TABLE earlier_files (
        sd         {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        filename   {dialect.text} NOT NULL,
        path       {dialect.text} NOT NULL,
        since_us   {dialect.whole} NOT NULL,
        sha256     {dialect.text} NOT NULL,
        size_bytes {dialect.whole} NOT NULL,
        until_us   {dialect.whole} NOT NULL,
        PRIMARY KEY (sd, filename, path, since_us)
    ){dialect.clustered};
    CREATE TABLE unused_files (
        sd       {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path     {dialect.text} NOT NULL,
        since_us {dialect.whole} NOT NULL,
        PRIMARY KEY (sd, path)
    ){dialect.clustered};
    CREATE TABLE altered_files (
        sd         {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path       {dialect.text} NOT NULL,
        sha256     {dialect.text} NOT NULL,
        size_bytes {dialect.whole} NOT NULL,
        stamp      {dialect.text} NOT NULL,
        since_us   {dialect.whole} NOT NULL,
        PRIMARY KEY (sd, path)
    ){dialect.clustered};
    CREATE TABLE notes (
        sd    {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        path  {dialect.text} NOT NULL,
        stamp {dialect.text} NOT NULL,
        found {dialect.text} NOT NULL,
        PRIMARY KEY (sd, path)
    ){dialect.clustered};
    CREATE TABLE open_references (
        sd         {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        note       {dialect.text} NOT NULL,
        target     {dialect.text} NOT NULL,
        line       {dialect.whole} NOT NULL,
        path       {dialect.text},
        since_us   {dialect.whole} NOT NULL,
        on_its_way {dialect.whole} NOT NULL DEFAULT 0,
        PRIMARY KEY (sd, note, target)
    ){dialect.clustered};
    {say_access(dialect)}
    {say_audit(dialect)}
    {say_sign_ins(dialect)}
    {say_bucket_guarantees(dialect)}
    """


def say_access(dialect: Dialect) -> str:
    """The tables of those who may use the catalog through a server."""
    return f"""
    CREATE TABLE access_tokens (
        token_id      {dialect.text} NOT NULL PRIMARY KEY,
        secret_sha256 {dialect.text} NOT NULL,
        role          {dialect.text} NOT NULL,
        note          {dialect.text},
        made_us       {dialect.whole} NOT NULL,
        expires_us    {dialect.whole},
        is_limited    {dialect.whole} NOT NULL
    ){dialect.clustered};
    CREATE TABLE access_token_dirs (
        token_id {dialect.text} NOT NULL REFERENCES access_tokens (token_id) ON DELETE CASCADE,
        sd       {dialect.whole} NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        PRIMARY KEY (token_id, sd)
    ){dialect.clustered};
    """


def say_sign_ins(dialect: Dialect) -> str:
    """The table of secrets, links, and ended sessions that servers of a shared catalog have in common."""
    return f"""
    CREATE TABLE sign_ins (
        kind     {dialect.text} NOT NULL,
        name     {dialect.text} NOT NULL,
        value    {dialect.text} NOT NULL,
        until_us {dialect.whole} NOT NULL,
        PRIMARY KEY (kind, name)
    ){dialect.clustered};
    """


def say_bucket_guarantees(dialect: Dialect) -> str:
    """The table of what machines that share a catalog saw servers of buckets do."""
    return f"""
    CREATE TABLE bucket_guarantees (
        bucket {dialect.text} NOT NULL,
        name   {dialect.text} NOT NULL,
        holds  {dialect.whole} NOT NULL,
        PRIMARY KEY (bucket, name)
    ){dialect.clustered};
    """


def say_audit(dialect: Dialect) -> str:
    """The table of what they changed."""
    return f"""
    CREATE TABLE audit (
        number      {dialect.numbered},
        at_us       {dialect.whole} NOT NULL,
        who         {dialect.text} NOT NULL,
        action      {dialect.text} NOT NULL,
        status      {dialect.whole} NOT NULL,
        address     {dialect.text} NOT NULL,
        folders     {dialect.text} NOT NULL,
        images      {dialect.text} NOT NULL,
        image_count {dialect.whole} NOT NULL
    );
    """


VERSION = 24
"""The number of migrations that lead here. A start that migrates nothing does not even load them."""

OLDEST_FORMAT = 20
"""The oldest version whose programs may use these tables, too (:mod:`~.formats`). A step that only adds leaves it.
One that does more makes it the new version, a release after the last program that needs what it takes away (§26).
"""
