PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE image_files (
        sd                 INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        filename           TEXT NOT NULL,
        image_id           TEXT NOT NULL,
        media_type         TEXT NOT NULL,
        size_bytes         INTEGER,
        stamp              TEXT,
        state              TEXT NOT NULL,
        prior_state        TEXT,
        first_seen_us      INTEGER NOT NULL,
        unchanged_since_us INTEGER NOT NULL,
        absent_since_us    INTEGER,
        absence_accepted   INTEGER NOT NULL DEFAULT 0,
        proof_kind         TEXT,
        proof_sha256       TEXT,
        proof_stamp        TEXT,
        proven_at_us       INTEGER,
        width              INTEGER,
        height             INTEGER,
        taken_at_us        INTEGER,
        sort_us            INTEGER NOT NULL, listed_first INTEGER NOT NULL DEFAULT 1,
        PRIMARY KEY (sd, filename)
    ) WITHOUT ROWID;
INSERT INTO "image_files" VALUES(1,'009d18b4a5573a9588eff07f517a1f2a.png','009d18b4a5573a9588eff07f517a1f2a','image/png',268,'268:1795916816735071001:2754823','present',NULL,1795916816693380,1795916816693380,NULL,0,'hash','009d18b4a5573a9588eff07f517a1f2a9062f9fe307a9a1058f563f5d58d7889','268:1795916816735071001:2754823',1795917416693380,8,8,NULL,1795916816735071,0);
INSERT INTO "image_files" VALUES(1,'0A345678-9ABC-4DEF-8123-456789ABCDEF.PNG','0a345678-9abc-4def-8123-456789abcdef','image/png',268,'268:1795916816755811553:2754827','present',NULL,1795917416693380,1795917416693380,NULL,0,'structure','f178a6ed970256e4ac2d4bbe477b2797257bc3828a8403ab18e5cd22113f4951','268:1795916816755811553:2754827',1795917416693380,8,8,NULL,1795916816755811,0);
INSERT INTO "image_files" VALUES(1,'12345678-9abc-4def-8123-456789abcdef.jpg','12345678-9abc-4def-8123-456789abcdef','image/jpeg',678,'678:1795916816755636985:2754826','present',NULL,1795917416693380,1795917416693380,NULL,0,'structure','adf1f7412f658d78f99a179ac96c2e426b5a70203332f3e30ef20d268bb64440','678:1795916816755636985:2754826',1795917416693380,8,8,NULL,1795916816755636,0);
INSERT INTO "image_files" VALUES(1,'2bdfa35a04aee026b4063584d5d6ee5f.png','2bdfa35a04aee026b4063584d5d6ee5f','image/png',262,'262:1795916816839026747:2754837','present',NULL,1796007416693380,1796007716693380,NULL,0,'hash','2bdfa35a04aee026b4063584d5d6ee5f5ba3df71123d81513a08d5afcf94a5b9','262:1795916816839026747:2754837',1796007716693380,8,8,NULL,1795916816839026,0);
INSERT INTO "image_files" VALUES(1,'56b5558a8d68796a6f4f77d900d1638a.png','56b5558a8d68796a6f4f77d900d1638a','image/png',4718,'4718:1795916816786294823:2754832','arriving',NULL,1796007416693380,1796007416693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816786294,0);
INSERT INTO "image_files" VALUES(1,'61313ccea0e07c01edce57e1bfcfe48b.png','61313ccea0e07c01edce57e1bfcfe48b','image/png',4722,'4722:1795916816767461177:2754828','damaged',NULL,1795917416693380,1795917416693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816767461,0);
INSERT INTO "image_files" VALUES(1,'65b91d048a31f378f062e32dc9663e54.png','65b91d048a31f378f062e32dc9663e54','image/png',NULL,NULL,'online-only',NULL,1796007416693380,1796007416693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796007416693380,0);
INSERT INTO "image_files" VALUES(1,'74cb164fb13664c8605db5c1d20fe626.png','74cb164fb13664c8605db5c1d20fe626','image/png',268,'268:1795916816735315790:2754825','present',NULL,1795916816693380,1795916816693380,1796007716693380,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816735315,0);
INSERT INTO "image_files" VALUES(1,'8c35d1e417206b2d3dfd6f408fa28650.png','8c35d1e417206b2d3dfd6f408fa28650','image/png',268,'268:1795916816770223637:2754830','foreign',NULL,1795917416693380,1795917416693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816770223,0);
INSERT INTO "image_files" VALUES(1,'c7ec74ee473b707d2c41647d456dc5d1.png','c7ec74ee473b707d2c41647d456dc5d1','image/png',268,'268:1795916816735195174:2754824','missing','present',1795916816693380,1795916816693380,1796007416693380,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816735195,0);
INSERT INTO "image_files" VALUES(1,'e07c659eb08f6a563f2dcd28f70dd6dc.png','e07c659eb08f6a563f2dcd28f70dd6dc','image/png',262,'262:1795916816734928644:2754822','present',NULL,1795916816693380,1795916816693380,NULL,0,'hash','e07c659eb08f6a563f2dcd28f70dd6dcdad81547a7b6f684b5111ef0abc600e3','262:1795916816734928644:2754822',1795917416693380,8,8,NULL,1795916816734928,0);
INSERT INTO "image_files" VALUES(1,'e11c9e984eba9ab97459f16559e7682f.png','e11c9e984eba9ab97459f16559e7682f','image/png',9445,'9445:1795916816871026747:2754840','present',NULL,1795917416693380,1796007716693380,NULL,0,'hash','e11c9e984eba9ab97459f16559e7682fa7aea27b24000febedca75598253d6dc','9445:1795916816871026747:2754840',1796007716693380,64,64,NULL,1795916816871026,0);
INSERT INTO "image_files" VALUES(1,'f21b4678329646104fe0d78f85f3e851.png','f21b4678329646104fe0d78f85f3e851','image/png',268,'268:1795916816803026745:2754824','present',NULL,1796007716693380,1796007716693380,NULL,0,'hash','f21b4678329646104fe0d78f85f3e851498307ce9b22d9814b9f54b8d250dd54','268:1795916816803026745:2754824',1796007716693380,8,8,NULL,1795916816803026,0);
INSERT INTO "image_files" VALUES(2,'12345678-9abc-4def-8123-456789abcdef.png','12345678-9abc-4def-8123-456789abcdef','image/png',268,'268:1795916816890194428:2754845','present',NULL,1796008316693380,1796008316693380,NULL,0,'structure','2fead08e2fd48c5b5a85da79205b774c81e909ade36063176af1c92c1fd32211','268:1795916816890194428:2754845',1796008316693380,8,8,NULL,1795916816890194,0);
INSERT INTO "image_files" VALUES(2,'e07c659eb08f6a563f2dcd28f70dd6dc.png','e07c659eb08f6a563f2dcd28f70dd6dc','image/png',262,'262:1795916816885978413:2754843','present',NULL,1796007716693380,1796007716693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816885978,1);
INSERT INTO "image_files" VALUES(2,'e2c9e1c5c890a2d23765d2b16c6bdb33.png','e2c9e1c5c890a2d23765d2b16c6bdb33','image/png',268,'268:1795916816886139324:2754844','present',NULL,1796007716693380,1796007716693380,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795916816886139,1);
CREATE TABLE journal (
        seq      INTEGER PRIMARY KEY AUTOINCREMENT,
        at_us    INTEGER NOT NULL,
        type     TEXT NOT NULL,
        sd_id    TEXT,
        facts    TEXT NOT NULL
    );
INSERT INTO "journal" VALUES(1,1795916816693380,'sd.added','a831921f-2862-4e9c-95b7-21dc2948b782','{"name":"Notes","path":"/home/anna/Notes"}');
INSERT INTO "journal" VALUES(2,1795916816693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":4,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(3,1795917416693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":2,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(4,1795917416693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"e07c659eb08f6a563f2dcd28f70dd6dc","filename":"e07c659eb08f6a563f2dcd28f70dd6dc.png","state":"present"}');
INSERT INTO "journal" VALUES(5,1795917416693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"009d18b4a5573a9588eff07f517a1f2a","filename":"009d18b4a5573a9588eff07f517a1f2a.png","state":"present"}');
INSERT INTO "journal" VALUES(6,1795917416693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"12345678-9abc-4def-8123-456789abcdef","filename":"12345678-9abc-4def-8123-456789abcdef.jpg","state":"present"}');
INSERT INTO "journal" VALUES(7,1795917416693380,'image.arriving','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"61313ccea0e07c01edce57e1bfcfe48b","filename":"61313ccea0e07c01edce57e1bfcfe48b.png","state":"arriving"}');
INSERT INTO "journal" VALUES(8,1795917416693380,'image.arriving','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"8c35d1e417206b2d3dfd6f408fa28650","filename":"8c35d1e417206b2d3dfd6f408fa28650.png","state":"arriving"}');
INSERT INTO "journal" VALUES(9,1795917416693380,'image.arriving','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"e11c9e984eba9ab97459f16559e7682f","filename":"e11c9e984eba9ab97459f16559e7682f.png","state":"arriving"}');
INSERT INTO "journal" VALUES(10,1795917416693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"0a345678-9abc-4def-8123-456789abcdef","filename":"0A345678-9ABC-4DEF-8123-456789ABCDEF.PNG","state":"present"}');
INSERT INTO "journal" VALUES(11,1795917416693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":3,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(12,1796007416693380,'image.damaged','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"61313ccea0e07c01edce57e1bfcfe48b","filename":"61313ccea0e07c01edce57e1bfcfe48b.png","state":"damaged"}');
INSERT INTO "journal" VALUES(13,1796007416693380,'image.foreign','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"8c35d1e417206b2d3dfd6f408fa28650","filename":"8c35d1e417206b2d3dfd6f408fa28650.png","state":"foreign"}');
INSERT INTO "journal" VALUES(14,1796007416693380,'image.damaged','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"e11c9e984eba9ab97459f16559e7682f","filename":"e11c9e984eba9ab97459f16559e7682f.png","state":"damaged"}');
INSERT INTO "journal" VALUES(15,1796007416693380,'image.arriving','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"2bdfa35a04aee026b4063584d5d6ee5f","filename":"2bdfa35a04aee026b4063584d5d6ee5f.png","state":"arriving"}');
INSERT INTO "journal" VALUES(16,1796007416693380,'image.arriving','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"56b5558a8d68796a6f4f77d900d1638a","filename":"56b5558a8d68796a6f4f77d900d1638a.png","state":"arriving"}');
INSERT INTO "journal" VALUES(17,1796007416693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":2,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(18,1796007416693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":1,"changed":0,"absent":1,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(19,1796007716693380,'image.missing','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"c7ec74ee473b707d2c41647d456dc5d1","filename":"c7ec74ee473b707d2c41647d456dc5d1.png","state":"missing"}');
INSERT INTO "journal" VALUES(20,1796007716693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":0,"changed":0,"absent":0,"missing":1,"returned":0}');
INSERT INTO "journal" VALUES(21,1796007716693380,'scan.finished','a831921f-2862-4e9c-95b7-21dc2948b782','{"added":0,"changed":0,"absent":1,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(22,1796007716693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"f21b4678329646104fe0d78f85f3e851","filename":"f21b4678329646104fe0d78f85f3e851.png","state":"present"}');
INSERT INTO "journal" VALUES(23,1796007716693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"2bdfa35a04aee026b4063584d5d6ee5f","filename":"2bdfa35a04aee026b4063584d5d6ee5f.png","state":"present"}');
INSERT INTO "journal" VALUES(24,1796007716693380,'image.available','a831921f-2862-4e9c-95b7-21dc2948b782','{"image_id":"e11c9e984eba9ab97459f16559e7682f","filename":"e11c9e984eba9ab97459f16559e7682f.png","state":"present"}');
INSERT INTO "journal" VALUES(25,1796007716693380,'sd.added','8b16a6b7-c870-4ed6-9643-0f5c594a1f14','{"name":"Work","path":"/home/anna/Work"}');
INSERT INTO "journal" VALUES(26,1796007716693380,'scan.finished','8b16a6b7-c870-4ed6-9643-0f5c594a1f14','{"added":2,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(27,1796008316693380,'image.available','8b16a6b7-c870-4ed6-9643-0f5c594a1f14','{"image_id":"12345678-9abc-4def-8123-456789abcdef","filename":"12345678-9abc-4def-8123-456789abcdef.png","state":"present"}');
INSERT INTO "journal" VALUES(28,1796008316693380,'scan.finished','8b16a6b7-c870-4ed6-9643-0f5c594a1f14','{"added":1,"changed":0,"absent":0,"missing":0,"returned":0}');
INSERT INTO "journal" VALUES(29,1796008316693380,'sd.added','81cd473a-d0f9-48fd-9bab-d63708216656','{"name":"Gone","path":"/home/anna/Gone"}');
INSERT INTO "journal" VALUES(30,1796008316693380,'sd.offline','81cd473a-d0f9-48fd-9bab-d63708216656','{"name":"Gone","path":"/home/anna/Gone","reason":"the folder is not there: bring its disk back, or say where it lies now with `sd move`"}');
CREATE TABLE meta (
        key   TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    );
INSERT INTO "meta" VALUES('epoch','33c07ff03cff');
CREATE TABLE origins (
        image_id      TEXT NOT NULL,
        original_name TEXT NOT NULL,
        source        TEXT NOT NULL,
        saved_at_us   INTEGER NOT NULL,
        PRIMARY KEY (image_id, original_name, source)
    ) WITHOUT ROWID;
INSERT INTO "origins" VALUES('2bdfa35a04aee026b4063584d5d6ee5f','Sjö.png','bytes',1796007716693380);
INSERT INTO "origins" VALUES('e11c9e984eba9ab97459f16559e7682f','whole again.png','bytes',1796007716693380);
INSERT INTO "origins" VALUES('f21b4678329646104fe0d78f85f3e851','Cat on the sill.png','bytes',1796007716693380);
CREATE TABLE storage_dir_aliases (
        number INTEGER NOT NULL REFERENCES storage_dirs (number) ON DELETE CASCADE,
        sd_id  TEXT NOT NULL,
        PRIMARY KEY (number, sd_id)
    ) WITHOUT ROWID;
INSERT INTO "storage_dir_aliases" VALUES(2,'00000000-0000-4000-8000-00000000000a');
CREATE TABLE storage_dirs (
        number          INTEGER PRIMARY KEY AUTOINCREMENT,
        sd_id           TEXT,
        provisional     INTEGER NOT NULL DEFAULT 0,
        name            TEXT NOT NULL UNIQUE,
        path            TEXT NOT NULL,
        state           TEXT NOT NULL,
        problem         TEXT,
        read_only       INTEGER NOT NULL DEFAULT 0,
        root_device     INTEGER,
        root_inode      INTEGER,
        first_scan_done INTEGER NOT NULL DEFAULT 0,
        added_at_us     INTEGER NOT NULL
    );
INSERT INTO "storage_dirs" VALUES(1,'a831921f-2862-4e9c-95b7-21dc2948b782',0,'Notes','/home/anna/Notes','online',NULL,0,65024,2754819,1,1795916816693380);
INSERT INTO "storage_dirs" VALUES(2,'8b16a6b7-c870-4ed6-9643-0f5c594a1f14',0,'Work','/home/anna/Work','online',NULL,0,65024,2754829,1,1796007716693380);
INSERT INTO "storage_dirs" VALUES(3,'81cd473a-d0f9-48fd-9bab-d63708216656',0,'Gone','/home/anna/Gone','offline','the folder is not there: bring its disk back, or say where it lies now with `sd move`',0,65024,2754846,1,1796008316693380);
CREATE TABLE trash (
        trash_id      TEXT NOT NULL PRIMARY KEY,
        sd_id         TEXT,
        sd_path       TEXT NOT NULL,
        filename      TEXT NOT NULL,
        image_id      TEXT NOT NULL,
        size_bytes    INTEGER NOT NULL,
        sha256        TEXT NOT NULL,
        reason        TEXT NOT NULL,
        trashed_at_us INTEGER NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "trash" VALUES('196e7b500f8546b7b69ad2c620b2b438','a831921f-2862-4e9c-95b7-21dc2948b782','/home/anna/Notes','e11c9e984eba9ab97459f16559e7682f.png','e11c9e984eba9ab97459f16559e7682f',4722,'e150b6e1534e47680e5889ef55a429a80be249a95bbdfa446db42983c3326727','replaced',1796007716693380);
INSERT INTO "trash" VALUES('3ff234504c1343b7addb7cf7bc45b734','a831921f-2862-4e9c-95b7-21dc2948b782','/home/anna/Notes','2bdfa35a04aee026b4063584d5d6ee5f.png','2bdfa35a04aee026b4063584d5d6ee5f',0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','replaced',1796007716693380);
CREATE INDEX image_files_by_image ON image_files (image_id);
CREATE INDEX image_files_newest_first ON image_files (sort_us);
CREATE INDEX image_files_unproven ON image_files (sd, sort_us)
        WHERE state = 'present' AND proof_stamp IS NOT stamp;
CREATE INDEX image_files_noteworthy ON image_files (sd, state)
        WHERE state <> 'present' OR absent_since_us IS NOT NULL;
CREATE INDEX image_files_arrivals ON image_files (sd, sort_us)
        WHERE listed_first = 0 AND state = 'present' AND proof_stamp IS NOT stamp;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('storage_dirs',3);
INSERT INTO "sqlite_sequence" VALUES('journal',30);
COMMIT;
PRAGMA user_version = 2;
PRAGMA application_id = 1398035022;
