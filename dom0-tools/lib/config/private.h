/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share: tokens, the tree of settings that a text is parsed to,
 * and how the table of keys reads it.
 */
#ifndef DAIS_CONFIG_PRIVATE_H
#define DAIS_CONFIG_PRIVATE_H

#include <stdio.h>

#include "config/config.h"
#include "text.h"

#define CONFIG_SIZE_MAX (1u << 20) /* of a file */
#define CONFIG_SIZE_USUAL (4u << 10) /* most are smaller */
#define CONFIG_DEPTH_MAX 4 /* of lists in lists */

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE, /* or ';' */
	TOKEN_NAME,
	TOKEN_NUMBER,
	TOKEN_TEXT, /* was in quotes */
	TOKEN_ASSIGN,
	TOKEN_APPEND, /* += */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_BAD, /* see why */
};

struct token {
	enum token_kind kind;
	unsigned int line;
	char *text; /* of names, numbers and texts, escapes resolved; the caller frees it */
	const char *why; /* TOKEN_BAD: what is wrong */
	const char *remedy;
};

struct lexer {
	const char *at, *end;
	unsigned int line;
};

/* The next token. After TOKEN_BAD the rest of the line can still be read or skipped. */
void lexer_next(struct lexer *lexer, struct token *token);
/* Goes behind the end of this line. */
void lexer_skip_line(struct lexer *lexer);

struct value {
	bool is_list, quoted;
	unsigned int line;
	char *text; /* if no list */
	struct value *items;
	size_t count;
};

struct setting {
	char *key;
	unsigned int line;
	struct value value;
};

struct settings {
	struct setting *list;
	size_t count;
};

void settings_free(struct settings *settings);

/* Parses @text into @settings: later values of a key replace earlier ones, += adds to them. */
void settings_parse(struct settings *settings, const char *text, size_t size,
		    struct dais_faults *faults);
/* One "key=value" of a command line; unlike in a file, a plain word needs no quotes. */
void settings_override(struct settings *settings, const char *text, struct dais_faults *faults);

/* Makes the configuration of the settings, by the table of keys. */
void config_read(const struct settings *settings, struct dais_config *config,
		 struct dais_faults *faults);

/* Whether that boot loader is pygrub, in whose place PV GRUB is booted. */
bool config_is_pygrub(const char *bootloader);

/* Whether the key is xl's, but of other kinds of guests. */
bool config_is_foreign(const char *key);

/* How many letters one word is away from the other, up to @limit and one more. */
int word_distance(const char *a, const char *b, int limit);

/* A whole number as xl takes it: decimal, 0x hexadecimal, 0 octal. false: it is none. */
bool config_number(const char *text, int64_t *number);

/* ----- keys with rules of their own (values.c) ----- */
void config_read_type(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_builder(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_uuid(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_name(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_bootloader_args(const struct setting *s, struct dais_config *c,
				 struct dais_faults *f);
void config_read_cpus(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_cpus_soft(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_cpuid(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_tsc_mode(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_rtc_timeoffset(const struct setting *s, struct dais_config *c,
				struct dais_faults *f);
void config_read_ioports(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_iomem(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_irqs(const struct setting *s, struct dais_config *c, struct dais_faults *f);
/* A fault of this setting's value. */
void config_wrong(struct dais_faults *f, const struct setting *s, const char *reason,
		  const char *remedy);

/* ----- devices: each reads one item of its list ----- */
void config_read_disks(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_nics(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_vfbs(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_channels(const struct setting *s, struct dais_config *c, struct dais_faults *f);
void config_read_plain(const struct setting *s, struct dais_config *c, struct dais_faults *f);
/* Between two devices, or devices and the rest. */
void config_check_devices(const struct dais_config *config, struct dais_faults *faults);

void plain_free(struct dais_plain *plain);
char *plain_text(const struct dais_plain *plain); /* a spec again; NULL without memory */
void vfb_free(struct dais_vfb *vfb);
/* One key of a frame buffer, in a vfb's spec or at the top of the file; false: not one. */
bool vfb_set(struct dais_vfb *vfb, const char *key, const char *value, struct dais_error *err);
void vfb_init(struct dais_vfb *vfb);

/* What was read of the key cpuid, as one item of its list; NULL without memory. */
char *cpuid_text(const struct dais_cpuid *e);

/* ----- showing (show.c): @text or @number, the other is NULL or unset ----- */
typedef void config_show_fn(void *arg, const char *key, const char *text, int64_t number);
/* Calls @show for each key that has one value, and has been set. */
void config_each_value(const struct dais_config *c, config_show_fn *show, void *arg);

/* ----- small things about texts ----- */

/*
 * strdup(), strndup(), asprintf() and the ends of a text_open() whose failure is not
 * forgotten: who asked for the whole learns from memory_lasted() that a part is missing, however
 * far below it was. text_whole() is the same for a text, which it frees then.
 */
char *copy_text(const char *text);
char *copy_part(const char *text, size_t length);
int print_text(char **text, const char *fmt, ...) DAIS_PRINTF(2, 3);
FILE *text_begin(struct text *text);
char *text_end(FILE *f, struct text *text);
char *text_whole(char *text);
bool memory_lasted(void);

/* Makes room for one more element (zeroed) at the end of *@list; NULL without memory. */
void *list_add(void *list, size_t *count, size_t size);
/* Takes spaces and tabs off both ends, in place. */
char *trim(char *text);
/*
 * Cuts the next "KEY[=VALUE]" off a spec at commas; both ends trimmed. *@value is NULL without
 * "=". false at its end.
 */
bool spec_next(char **spec, char **key, char **value);

#endif
