-- The greatest number of an incarnation that came, whatever of it is still missing: rows that overtook others are beyond `through`.
ALTER TABLE sent_through ADD COLUMN reach bigint NOT NULL DEFAULT 0;
