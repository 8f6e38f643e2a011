INSERT INTO phones (id, user_id, number, country_code, blind_index, bound_at) VALUES ('phn_1', 'usr_1', 'sealed', '86', 'blind', '2026-11-21 00:00:00+00:00');
INSERT INTO media (id, user_id, key, created_at) VALUES ('med_1', 'usr_1', 'avatars/1.jpg', '2026-11-21 00:00:00+00:00');
INSERT INTO sealed_keys (name, value, created_at) VALUES ('index', 'sealed', '2026-11-21 00:00:00+00:00');
INSERT INTO shares (id, user_id, appid, code, page, title, content_hash, created_at) VALUES ('shr_1', 'usr_1', 'wx1', 'code', 'pages/a', 'title', 'hash', '2026-11-21 00:00:00+00:00');
INSERT INTO share_visits (id, share_id, user_id, created_at) VALUES ('vis_1', 'shr_1', 'usr_2', '2026-11-21 00:00:00+00:00');
INSERT INTO attributions (id, share_id, user_id, person, created_at) VALUES ('att_1', 'shr_1', 'usr_2', 'person', '2026-11-21 00:00:00+00:00');
