UPDATE orders SET asked_at = '2026-11-21 00:00:00+00:00', answered_at = '2026-11-21 00:00:00+00:00' WHERE id = 'ord_1';
INSERT INTO reconciliations (id, bill_date, outcome, lines, repaired, alarms, report, started_at, ended_at) VALUES ('rec_2', '2026-11-20', 'failed', 0, 0, 0, '{}', '2026-11-21 00:00:00+00:00', '2026-11-21 00:00:00+00:00');
