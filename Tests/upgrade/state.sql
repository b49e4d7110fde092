-- Made by make.sh; see there.
PRAGMA user_version = 2;
CREATE TABLE intents (container TEXT PRIMARY KEY, service TEXT NOT NULL, depth TEXT NOT NULL, freezer TEXT NOT NULL,
    began INTEGER NOT NULL, boot TEXT NOT NULL, place TEXT) WITHOUT ROWID;
INSERT INTO intents VALUES ('@ID:stopped@', 'stopped', 'stopped', 'docker', @NOW@ - 1335, '@BOOT@', NULL);
INSERT INTO intents VALUES ('@ID:frozen@', 'frozen', 'frozen', 'cgroup', @NOW@ - 1651, '@BOOT@', '@PLACE:frozen@');
INSERT INTO intents VALUES ('@ID:reclaimed@', 'reclaimed', 'reclaimed', 'docker', @NOW@ - 1356, '@BOOT@', NULL);
INSERT INTO intents VALUES ('@ID:paused@', 'paused', 'frozen', 'docker', @NOW@ - 1652, '@BOOT@', NULL);
CREATE TABLE leases (id TEXT PRIMARY KEY, service TEXT NOT NULL, peer INTEGER NOT NULL, expires INTEGER NOT NULL)
    WITHOUT ROWID;
INSERT INTO leases VALUES ('f848daaccbb5b02c1303647183654ab8', 'leased', 0, @NOW@ + 3593844);
CREATE TABLE pins (service TEXT PRIMARY KEY, expires INTEGER) WITHOUT ROWID;
INSERT INTO pins VALUES ('pinned', NULL);
INSERT INTO pins VALUES ('pinned-for-a-while', @NOW@ + 3593829);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO settings VALUES ('mode', 'auto');
INSERT INTO settings VALUES ('on_exit', 'wake');
INSERT INTO settings VALUES ('share.learned', '0.29999999999999993');
CREATE TABLE transitions (at INTEGER NOT NULL, service TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
    depth TEXT, trigger TEXT NOT NULL, actor TEXT, elapsed INTEGER, outcome TEXT NOT NULL, error TEXT, resident_before
    INTEGER, resident_after INTEGER);
INSERT INTO transitions VALUES (@NOW@ - 6194, '*', '*', '*', NULL, 'operator', 'uid 0, pid 7535, svcctl', NULL,
    'mode auto', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 6183, 'pinned', 'awake', 'awake', NULL, 'operator', 'uid 0, pid 7542, svcctl',
    NULL, 'pin', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 6171, 'pinned-for-a-while', 'awake', 'awake', NULL, 'operator',
    'uid 0, pid 7549, svcctl', NULL, 'pin', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 6131, 'learned', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7557, svcctl', 16238, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 5837, 'learned', 'asleep', 'asleep', 'reclaimed', 'operator',
    'uid 0, pid 7557, svcctl', 293785, 'done', NULL, 31563776, 8445952);
INSERT INTO transitions VALUES (@NOW@ - 5805, 'learned', 'asleep', 'awake', NULL, 'operator',
    'uid 0, pid 7572, svcctl', 13223, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 3744, 'learned', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7652, svcctl', 38375, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 3743, 'learned', 'asleep', 'asleep', 'reclaimed', 'operator',
    'uid 0, pid 7652, svcctl', 1241, 'done', NULL, 8458240, 8458240);
INSERT INTO transitions VALUES (@NOW@ - 3711, 'learned', 'asleep', 'awake', NULL, 'operator',
    'uid 0, pid 7664, svcctl', 17854, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1686, 'paused', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7683, svcctl', 11354, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1665, 'paused', 'asleep', 'awake', NULL, 'operator',
    'uid 0, pid 7695, svcctl', 9833, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1650, 'frozen', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7708, svcctl', 2710, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1640, 'paused', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7708, svcctl', 12984, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1616, 'reclaimed', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7722, svcctl', 12200, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1356, 'reclaimed', 'asleep', 'asleep', 'reclaimed', 'operator',
    'uid 0, pid 7722, svcctl', 260006, 'done', NULL, 31559680, 8445952);
INSERT INTO transitions VALUES (@NOW@ - 1335, 'stopped', 'awake', 'asleep', 'frozen', 'operator',
    'uid 0, pid 7735, svcctl', 10850, 'done', NULL, NULL, NULL);
INSERT INTO transitions VALUES (@NOW@ - 1223, 'stopped', 'asleep', 'asleep', 'stopped', 'operator',
    'uid 0, pid 7735, svcctl', 111633, 'done', NULL, NULL, NULL);
CREATE INDEX transitions_at ON transitions (at);
CREATE TABLE wakes (at INTEGER NOT NULL, service TEXT NOT NULL, tier TEXT NOT NULL, depth TEXT NOT NULL, trigger TEXT
    NOT NULL, elapsed INTEGER NOT NULL, queued INTEGER NOT NULL, thaw INTEGER NOT NULL, ready INTEGER NOT NULL, budget
    INTEGER NOT NULL);
INSERT INTO wakes VALUES (@NOW@ - 5806, 'learned', 'on-demand', 'reclaimed', 'operator', 13359, 364, 12994, 0, 1000);
INSERT INTO wakes VALUES (@NOW@ - 3711, 'learned', 'on-demand', 'reclaimed', 'operator', 17868, 322, 17546, 0, 1000);
INSERT INTO wakes VALUES (@NOW@ - 1665, 'paused', 'on-demand', 'frozen', 'operator', 9842, 93, 9749, 0, 200000);
CREATE INDEX wakes_at ON wakes (at);
