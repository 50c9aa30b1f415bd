ALTER TABLE venue ADD COLUMN currency text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE service
  ADD COLUMN note text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN prices_minor json NOT NULL DEFAULT '[]',
  ADD COLUMN price_per_person boolean NOT NULL DEFAULT false;
-- down
ALTER TABLE service DROP COLUMN note, DROP COLUMN prices_minor, DROP COLUMN price_per_person;
ALTER TABLE venue DROP COLUMN currency;
