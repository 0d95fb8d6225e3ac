-- Rows that overtook others are beyond `through`: the greatest number that came, and the stretches of which everything is here, as [[from, to], ...].
ALTER TABLE sent_through ADD COLUMN reach bigint NOT NULL DEFAULT 0, ADD COLUMN ahead jsonb NOT NULL DEFAULT '[]';
