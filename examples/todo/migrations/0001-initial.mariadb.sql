CREATE TABLE `rc_meta` (
  `key` VARCHAR(255) NOT NULL,
  `value` LONGTEXT NOT NULL,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `task` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `text` LONGTEXT NOT NULL,
  `done` BOOLEAN NOT NULL DEFAULT (false),
  `created_at` DATETIME(6) NOT NULL,
  `version` BIGINT NOT NULL DEFAULT (1),
  PRIMARY KEY (`id`),
  CONSTRAINT `task_text` CHECK (text <> '')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
-- down
DROP TABLE `task`;
DROP TABLE `rc_meta`;
