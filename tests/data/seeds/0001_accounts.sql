INSERT INTO users (id, unionid, nickname, created_at) VALUES ('usr_1', 'union', '张三', '2026-11-21 00:00:00+00:00');
INSERT INTO users (id, merged_into_id, created_at) VALUES ('usr_2', 'usr_1', '2026-11-21 00:00:00+00:00');
INSERT INTO identities (id, user_id, appid, openid, session_key, created_at) VALUES ('idn_1', 'usr_1', 'wx1', 'o1', 'sealed', '2026-11-21 00:00:00+00:00');
INSERT INTO sessions (id, identity_id, token_hash, created_at, last_used_at) VALUES ('ses_1', 'idn_1', 'hash', '2026-11-21 00:00:00+00:00', '2026-11-21 00:00:00+00:00');
INSERT INTO incidents (id, kind, subject, created_at) VALUES ('inc_1', 'k', 'ses_1', '2026-11-21 00:00:00+00:00');
