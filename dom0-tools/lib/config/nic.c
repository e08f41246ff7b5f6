/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces as in xl-network-configuration(5): "KEY=VALUE,..." in any order.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/private.h"
#include "export.h"

#define READING "read the network interface"

EXPORT void dais_nic_free(struct dais_nic *nic)
{
	free(nic->bridge);
	free(nic->gatewaydev);
	free(nic->script);
	free(nic->ip);
	free(nic->backend);
	free(nic->ifname);
	free(nic->model);
	*nic = (struct dais_nic){.bridge = NULL};
}

/* ----- rates ----- */

/* "10Mb", "1GB", "100B": to bytes per second; goes behind it. false: no rate, or no number. */
static bool rate_amount(const char **at, uint64_t *bytes)
{
	static const struct {
		char letter;
		uint64_t factor;
	} scales[] = {{'G', 1000000000}, {'M', 1000000}, {'K', 1000}};
	uint64_t factor = 1;
	char *end;
	size_t i;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*bytes = strtoull(*at, &end, 10);
	for (i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
		if (*end == scales[i].letter) {
			factor = scales[i].factor;
			end++;
			break;
		}
	}
	if (errno || (*end != 'b' && *end != 'B') || *bytes > UINT32_MAX * 1000ull)
		return false;
	*bytes *= factor;
	if (*end == 'b')
		*bytes /= 8;
	*at = end + 1;
	return true;
}

/* "20ms", "500us", "1s", "1" (seconds). */
static bool rate_interval(const char *text, uint32_t *us)
{
	uint64_t number, factor = 1000000;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (!strcmp(end, "ms"))
		factor = 1000;
	else if (!strcmp(end, "us"))
		factor = 1;
	else if (*end && strcmp(end, "s") != 0)
		return false;
	if (errno || !number || number > UINT32_MAX / factor)
		return false;
	*us = (uint32_t)(number * factor);
	return true;
}

EXPORT int dais_rate_parse(const char *text, uint64_t *bytes, uint32_t *interval_us)
{
	const char *at = text;
	uint64_t per_second;
	uint32_t us = 50000;

	if (!rate_amount(&at, &per_second) || strncmp(at, "/s", 2) != 0)
		return -1;
	at += 2;
	if (*at && (*at != '@' || !rate_interval(at + 1, &us)))
		return -1;
	if (per_second > UINT64_MAX / us)
		return -1;
	*bytes = per_second * us / 1000000;
	*interval_us = us;
	/* The back-end counts whole bytes in 32 bits: less than one is no rate at all. */
	return *bytes && *bytes <= UINT32_MAX ? 0 : -1;
}

/* ----- specifications ----- */

static int refuse(struct dais_error *err, const char *spec, const char *hint, const char *why,
		  const char *what)
{
	dais_fail(err, DAIS_CONFIG, READING, spec, "%s \"%s\"", why, what);
	return dais_hint(err, "%s", hint);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
	int i, length;

	for (i = 0; i < 6; i++) {
		unsigned int byte;

		if (!isxdigit((unsigned char)*text) || sscanf(text, "%2x%n", &byte, &length) != 1)
			return false;
		mac[i] = (uint8_t)byte;
		text += length;
		if (i < 5 && *text++ != ':')
			return false;
	}
	return !*text;
}

static const char a_mac[] = "Write six pairs of digits, such as 00:16:3e:12:34:56.";

static int set_mac(struct dais_nic *nic, const char *spec, const char *value,
		   struct dais_error *err)
{
	static const uint8_t zero[6];

	if (!parse_mac(value, nic->mac))
		return refuse(err, spec, a_mac, "this is no MAC address:", value);
	if (nic->mac[0] & 1)
		return refuse(err, spec, "Make its first byte an even number.",
			      "this MAC address stands for a group, not for one interface:", value);
	if (!memcmp(nic->mac, zero, sizeof(zero)))
		return refuse(err, spec, a_mac, "this MAC address is reserved:", value);
	nic->has_mac = true;
	return 0;
}

/* Keys that are texts and no more. */
static char **text_of(struct dais_nic *nic, const char *key)
{
	const struct {
		const char *key;
		char **place;
	} texts[] = {
		{"bridge", &nic->bridge},
		{"script", &nic->script},
		{"ip", &nic->ip},
		{"backend", &nic->backend},
		{"vifname", &nic->ifname},
		{"model", &nic->model},
		{"gatewaydev", &nic->gatewaydev},
		{"netdev", &nic->gatewaydev},
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!strcmp(texts[i].key, key))
			return texts[i].place;
	}
	return NULL;
}

static int set_text(char **place, const char *spec, const char *value, struct dais_error *err)
{
	free(*place);
	*place = copy_text(value);
	if (!*place)
		return dais_fail(err, DAIS_NO_MEMORY, READING, spec, "no memory left");
	return 0;
}

/* What the kernel takes as the name of an interface. */
static bool is_ifname(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !strpbrk(name, "/ :\t") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int set_key(struct dais_nic *nic, const char *spec, const char *key, const char *value,
		   struct dais_error *err)
{
	char **text = text_of(nic, key);
	int64_t number;

	if (text && (text == &nic->bridge || text == &nic->ifname) && *value && !is_ifname(value))
		return refuse(err, spec, "Use at most 15 letters, digits and hyphens.",
			      "no interface can have the name", value);
	if (text)
		return *value ? set_text(text, spec, value, err) : 0;
	if (!strcmp(key, "mac"))
		return set_mac(nic, spec, value, err);
	if (!strcmp(key, "type")) {
		nic->ioemu = !strcmp(value, "ioemu");
		if (!nic->ioemu && strcmp(value, "vif") != 0)
			return refuse(err, spec, "Write type=vif, or leave it out.",
				      "there is no type", value);
		return 0;
	}
	if (!strcmp(key, "rate")) {
		if (dais_rate_parse(value, &nic->rate_bytes, &nic->rate_interval_us))
			return refuse(err, spec, "Write a rate as 10Mb/s, 250KB/s or 1MB/s@20ms.",
				      "this is no rate:", value);
		return 0;
	}
	if (!strcmp(key, "mtu")) {
		if (!config_number(value, &number) || number < 68 || number > 65535)
			return refuse(err, spec, "Write a number from 68 to 65535.",
				      "this is no MTU:", value);
		nic->mtu = (uint32_t)number;
		return 0;
	}
	if (!strcmp(key, "devid")) {
		if (!config_number(value, &number) || number < 0 || number > 65535)
			return refuse(err, spec, "Leave it out.",
				      "this is no device number:", value);
		nic->devid = (int32_t)number;
		return 0;
	}
	return refuse(err, spec,
		      "Known are mac, bridge, gatewaydev, script, ip, backend, vifname, rate, mtu, "
		      "devid, type, model, trusted, untrusted.",
		      "an interface has no parameter", key);
}

/* With @faults (of @line) it goes on behind a fault that went there, and comes to -1 as well. */
static int read_nic(const char *spec, struct dais_nic *nic, struct dais_faults *faults,
		    unsigned int line, struct dais_error *err)
{
	autofree char *copy = copy_text(spec);
	char *at = copy;
	char *key, *value;
	bool bad = false;

	*nic = (struct dais_nic){.trusted = DAIS_UNSET, .devid = -1};
	if (!copy)
		return dais_fail(err, DAIS_NO_MEMORY, READING, spec, "no memory left");
	while (spec_next(&at, &key, &value)) {
		int rc = 0;

		if (!strcmp(key, "trusted"))
			nic->trusted = DAIS_YES;
		else if (!strcmp(key, "untrusted"))
			nic->trusted = DAIS_NO;
		else if (!*key && !value)
			continue;
		else if (!value)
			rc = refuse(err, spec, "Write KEY=VALUE, several with commas between.",
				    "no value is given for", key);
		else
			rc = set_key(nic, spec, key, value, err);
		if (rc && (!faults || err->code == DAIS_NO_MEMORY))
			return -1;
		if (rc)
			dais_faults_add(faults, false, line, "vif", err->hint, "\"%s\": %s", spec,
					err->why);
		bad = bad || rc;
	}
	return bad ? -1 : 0;
}

EXPORT int dais_nic_parse(const char *spec, struct dais_nic *nic, struct dais_error *err)
{
	return read_nic(spec, nic, NULL, 0, err);
}

EXPORT char *dais_nic_text(const struct dais_nic *nic)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{"bridge", nic->bridge}, {"gatewaydev", nic->gatewaydev}, {"script", nic->script},
		{"ip", nic->ip},         {"backend", nic->backend},       {"vifname", nic->ifname},
		{"model", nic->model},
	};
	struct text text;
	FILE *f = text_begin(&text);
	char *line;
	size_t i;

	if (!f)
		return NULL;
	if (nic->has_mac)
		fprintf(f, ",mac=%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0], nic->mac[1],
			nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i].value)
			fprintf(f, ",%s=%s", texts[i].key, texts[i].value);
	}
	if (nic->ioemu)
		fprintf(f, ",type=ioemu");
	if (nic->rate_bytes)
		fprintf(f, ",rate=%lluB/s@%uus",
			(unsigned long long)((nic->rate_bytes * 1000000 + nic->rate_interval_us -
					      1) /
					     nic->rate_interval_us),
			nic->rate_interval_us);
	if (nic->mtu)
		fprintf(f, ",mtu=%u", nic->mtu);
	if (nic->devid >= 0)
		fprintf(f, ",devid=%d", nic->devid);
	if (nic->trusted != DAIS_UNSET)
		fprintf(f, ",%s", nic->trusted ? "trusted" : "untrusted");
	line = text_end(f, &text);
	/* Without the first comma. */
	if (line && *line)
		memmove(line, line + 1, strlen(line));
	return line;
}

void config_read_nics(const struct setting *s, struct dais_config *c, struct dais_faults *f)
{
	size_t i;

	for (i = 0; i < s->value.count; i++) {
		const struct value *item = &s->value.items[i];
		struct dais_nic nic;
		struct dais_nic *place;
		struct dais_error err;

		if (!item->text) {
			dais_faults_add(f, false, item->line, s->key, "Remove the inner brackets.",
					"an interface is a text, not a list");
			continue;
		}
		/* Memory that ran out is told of for the whole configuration. */
		if (read_nic(item->text, &nic, f, item->line, &err)) {
			dais_nic_free(&nic);
			continue;
		}
		if (nic.ioemu || nic.model)
			dais_faults_add(f, true, item->line, s->key, "Leave it out.",
					"type=ioemu and model= concern HVM guests only");
		nic.line = item->line;
		place = list_add(&c->nics, &c->nic_count, sizeof(*place));
		if (place)
			*place = nic;
		else
			dais_nic_free(&nic);
	}
}
