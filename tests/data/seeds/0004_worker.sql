INSERT INTO order_events (id, order_id, what, detail, at) VALUES ('evt_1', 'ord_1', 'placed', '', '2026-11-21 00:00:00+00:00');
INSERT INTO jobs (id, due_at, detail) VALUES ('sessions', '2026-11-21 00:00:00+00:00', '');
INSERT INTO reconciliations (id, bill_date, lines, repaired, alarms, report, started_at, ended_at) VALUES ('rec_1', '2026-11-20', 1, 0, 0, '{}', '2026-11-21 00:00:00+00:00', '2026-11-21 00:00:00+00:00');
