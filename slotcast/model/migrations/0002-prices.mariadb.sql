ALTER TABLE `venue` ADD COLUMN `currency` LONGTEXT NOT NULL DEFAULT ('');
ALTER TABLE `service`
  ADD COLUMN `note` LONGTEXT NOT NULL DEFAULT (''),
  ADD COLUMN `prices_minor` JSON NOT NULL DEFAULT ('[]'),
  ADD COLUMN `price_per_person` BOOLEAN NOT NULL DEFAULT (false);
-- down
ALTER TABLE `service` DROP COLUMN `note`, DROP COLUMN `prices_minor`, DROP COLUMN `price_per_person`;
ALTER TABLE `venue` DROP COLUMN `currency`;
