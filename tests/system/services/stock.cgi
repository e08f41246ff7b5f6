#!/bin/sh
# SPDX-License-Identifier: MIT
# The shop's page: computed from rows that the database's domain is asked for.
echo 'Content-Type: text/html; charset=utf-8'
echo
echo '<html><head><title>Stock</title></head><body>'
echo "<h1>Stock, as $(hostname) sees it</h1><table>"
echo '<tr><th>part</th><th>pieces</th><th>each</th><th>value</th></tr>'
mariadb --host=10.0.2.21 --user=web --password=shop --skip-column-names --batch shop --execute '
	SELECT CONCAT("<tr><td>", part, "</td><td>", pieces, "</td><td>", price, "</td><td>",
		pieces * price, "</td></tr>") FROM stock ORDER BY part;
	SELECT CONCAT("<tr><td>all</td><td>", SUM(pieces), "</td><td></td><td>", SUM(pieces * price),
		"</td></tr></table><p>MariaDB ", VERSION(), " on ", @@hostname, "</p>") FROM stock' ||
	echo '</table><p>The database does not answer.</p>'
echo '</body></html>'
