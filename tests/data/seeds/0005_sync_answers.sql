UPDATE orders SET asked_at = '2026-11-21 00:00:00+00:00', answered_at = '2026-11-21 00:00:00+00:00' WHERE id = 'ord_1';
