/* SPDX-License-Identifier: MIT */
/*
 * Plain devices: those of which a toolstack does no more than write down what the configuration
 * says for both ends. One table tells their parameters and where each stands in the store; the
 * configuration (config/plain.c) and the store's side (dev/plain.c) go by it.
 */
#ifndef DAIS_CONFIG_PLAIN_H
#define DAIS_CONFIG_PLAIN_H

#include "config/config.h"

enum plain_type {
	PLAIN_TEXT,
	PLAIN_CHOICE, /* 1; off is as good as unset */
	PLAIN_NUMBER, /* 0 is as good as unset */
	PLAIN_WORD, /* one of those in @words */
	PLAIN_PATH, /* from the root on */
	PLAIN_UUID, /* chosen at creation if it is unset */
	PLAIN_SCREENS, /* "ID:WIDTHxHEIGHT;...": a directory with a number for each */
	PLAIN_NUMBERS, /* with semicolons between them; in the store, and here, commas */
	PLAIN_WORDS,
	PLAIN_FIXED, /* no parameter: what always stands there */
};

/* Where a parameter stands, under its own name. */
enum plain_place {
	PLAIN_NOWHERE,
	PLAIN_BACK, /* the back-end's end */
	PLAIN_FRONT, /* the guest's end */
	PLAIN_SHOWN, /* at the guest's end, which may read but not change it */
};

struct plain_param {
	const char *name;
	enum plain_type type;
	enum plain_place place;
	bool required;
	const char *with; /* required if that one is set */
	const char *words; /* " one two " */
	const char *absent; /* what stands there if it is unset; NULL: nothing */
};

struct plain_kind {
	const char *key; /* in the configuration */
	const char *
		head; /* a device is a list of texts, each with its kind's before it; NULL: it is one */
	const struct plain_kind
		*parts; /* whose later ones belong to the last of those before them */
	size_t part_count;
	const char *what; /* what it is to the reader of a message */
	const char *store; /* the name of its ends' directories */
	const struct plain_param *params;
	size_t count;
	bool must_name; /* dom0 is not meant if no back-end is named */
	bool numbered; /* both ends have the device's number as "handle" */
	bool waits; /* a back-end that does not come is a failure, as under xl */
	bool emulated; /* it is what a QEMU in dom0 is started for */
	const char *driver; /* of Linux's back-end, by which it is seen in dom0; NULL: none */
};

struct plain_screen {
	const char *id;
	int id_length;
	unsigned int width, height;
};

extern const struct plain_kind plain_kinds[];
extern const size_t plain_kind_count;

/* By its key; NULL: none is called so. */
const struct plain_kind *plain_kind_of(const char *key);
/* By its name in the store. */
const struct plain_kind *plain_kind_in_store(const char *store);

/* The value of the parameter @name; NULL: unset. */
const char *plain_value(const struct dais_plain *plain, const char *name);
/* What the back-end calls its end. */
const char *plain_back_kind(const struct dais_plain *plain);
/* Whether dom0 is its back-end, as far as the text tells. */
bool plain_is_local(const struct dais_plain *plain);
/* Whether a QEMU of dom0 serves it, and whether one is there for its sake. */
bool plain_is_emulated(const struct dais_plain *plain);
bool plain_needs_model(const struct dais_plain *plain);
/* The first of them that needs one; NULL: none does. */
const struct dais_plain *plain_first_modelled(const struct dais_config *config);
/* Cuts the next screen off @text, into parts of it; false: there is none, or it is malformed. */
bool plain_next_screen(const char **text, struct plain_screen *screen);
/* The number of the @at-th of the configuration among its kind's. */
uint32_t plain_devid(const struct dais_config *config, size_t at);

#endif
