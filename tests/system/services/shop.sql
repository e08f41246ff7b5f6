FLUSH PRIVILEGES;
CREATE DATABASE shop;
CREATE TABLE shop.stock (part VARCHAR(40) PRIMARY KEY, pieces INT, price DECIMAL(8,2));
INSERT INTO shop.stock VALUES ('bearing', 120, 4.75), ('flange', 34, 18.20), ('gasket', 900, 0.35),
	('impeller', 7, 212.00), ('shaft', 19, 64.90);
CREATE USER 'web'@'10.0.2.%' IDENTIFIED BY 'shop';
GRANT SELECT ON shop.* TO 'web'@'10.0.2.%';
