/* SPDX-License-Identifier: MIT */
/*
 * The table of plain devices (config/plain.h): what xl.cfg(5) has for each, and where xl puts it.
 */
#include <string.h>

#include "config/plain.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct plain_param keyboard[] = {
	{.name = "backend-type", .type = PLAIN_WORD, .required = true, .words = " qemu linux "},
	{.name = "unique-id", .place = PLAIN_BACK},
	{.name = "feature-disable-keyboard", .type = PLAIN_CHOICE, .place = PLAIN_BACK},
	{.name = "feature-disable-pointer", .type = PLAIN_CHOICE, .place = PLAIN_BACK},
	{.name = "feature-abs-pointer", .type = PLAIN_CHOICE, .place = PLAIN_BACK},
	{.name = "feature-raw-pointer", .type = PLAIN_CHOICE, .place = PLAIN_BACK},
	{.name = "feature-multi-touch", .type = PLAIN_CHOICE, .place = PLAIN_BACK},
	{.name = "multi-touch-width",
	 .type = PLAIN_NUMBER,
	 .place = PLAIN_BACK,
	 .with = "feature-multi-touch"},
	{.name = "multi-touch-height",
	 .type = PLAIN_NUMBER,
	 .place = PLAIN_BACK,
	 .with = "feature-multi-touch"},
	{.name = "multi-touch-num-contacts",
	 .type = PLAIN_NUMBER,
	 .place = PLAIN_BACK,
	 .with = "feature-multi-touch"},
	{.name = "width", .type = PLAIN_NUMBER, .place = PLAIN_BACK},
	{.name = "height", .type = PLAIN_NUMBER, .place = PLAIN_BACK},
};

static const struct plain_param share[] = {
	{.name = "tag", .place = PLAIN_FRONT, .required = true},
	{.name = "path", .type = PLAIN_PATH, .place = PLAIN_BACK, .required = true},
	{.name = "security_model",
	 .type = PLAIN_WORD,
	 .place = PLAIN_BACK,
	 .required = true,
	 .words = " none passthrough mapped mapped-xattr mapped-file "},
};

#define FORMATS                                                                  \
	" s8 u8 s16_le s16_be u16_le u16_be s24_le s24_be u24_le u24_be s32_le " \
	"s32_be u32_le u32_be float_le float_be float64_le float64_be "          \
	"iec958_subframe_le iec958_subframe_be mu_law a_law ima_adpcm mpeg gsm "
/* What a card, its devices and their streams may all say. */
#define SOUND                                                                         \
	{.name = "sample-rates", .type = PLAIN_NUMBERS, .place = PLAIN_FRONT},        \
		{.name = "sample-formats",                                            \
		 .type = PLAIN_WORDS,                                                 \
		 .place = PLAIN_FRONT,                                                \
		 .words = FORMATS},                                                   \
		{.name = "channels-min", .type = PLAIN_NUMBER, .place = PLAIN_FRONT}, \
		{.name = "channels-max", .type = PLAIN_NUMBER, .place = PLAIN_FRONT}, \
	{                                                                             \
		.name = "buffer-size", .type = PLAIN_NUMBER, .place = PLAIN_FRONT     \
	}

static const struct plain_param card[] = {
	{.name = "short-name", .place = PLAIN_FRONT},
	{.name = "long-name", .place = PLAIN_FRONT},
	SOUND,
};

static const struct plain_param pcm[] = {{.name = "name", .place = PLAIN_FRONT}, SOUND};

static const struct plain_param stream[] = {
	{.name = "unique-id", .place = PLAIN_FRONT},
	{.name = "type", .type = PLAIN_WORD, .place = PLAIN_FRONT, .words = " p c "},
	SOUND,
};

static const struct plain_kind sound[] = {
	{.key = "vsnd", .head = "PCM", .what = "a PCM device", .params = pcm, .count = COUNT(pcm)},
	{.key = "vsnd",
	 .head = "STREAM",
	 .what = "a stream",
	 .params = stream,
	 .count = COUNT(stream)},
};

static const struct plain_param tpm[] = {
	{.name = "uuid", .type = PLAIN_UUID, .place = PLAIN_BACK},
	{.name = "resume", .type = PLAIN_FIXED, .place = PLAIN_BACK, .absent = "False"},
};

static const struct plain_param display[] = {
	{.name = "be-alloc", .type = PLAIN_CHOICE, .place = PLAIN_SHOWN, .absent = "0"},
	{.name = "connectors", .type = PLAIN_SCREENS, .place = PLAIN_SHOWN, .required = true},
};

const struct plain_kind plain_kinds[] = {
	{.key = "vkb",
	 .what = "a keyboard",
	 .store = "vkbd",
	 .params = keyboard,
	 .count = COUNT(keyboard)},
	{.key = "pvcalls",
	 .what = "a connection for sockets",
	 .store = "pvcalls",
	 .driver = "pvcalls"},
	{.key = "p9",
	 .what = "a shared directory",
	 .store = "9pfs",
	 .params = share,
	 .count = COUNT(share),
	 .emulated = true},
	{.key = "vtpm",
	 .what = "a TPM",
	 .store = "vtpm",
	 .params = tpm,
	 .count = COUNT(tpm),
	 .must_name = true,
	 .numbered = true,
	 .waits = true},
	{.key = "vsnd",
	 .head = "CARD",
	 .what = "a sound card",
	 .store = "vsnd",
	 .params = card,
	 .count = COUNT(card),
	 .parts = sound,
	 .part_count = COUNT(sound),
	 .waits = true},
	{.key = "vdispl",
	 .what = "a display",
	 .store = "vdispl",
	 .params = display,
	 .count = COUNT(display),
	 .waits = true},
};
const size_t plain_kind_count = COUNT(plain_kinds);

_Static_assert(COUNT(keyboard) <= DAIS_PLAIN_PARAMS, "room for each value");

const struct plain_kind *plain_kind_of(const char *key)
{
	for (size_t i = 0; i < plain_kind_count; i++) {
		if (!strcmp(plain_kinds[i].key, key))
			return &plain_kinds[i];
	}
	return NULL;
}

const struct plain_kind *plain_kind_in_store(const char *store)
{
	for (size_t i = 0; i < plain_kind_count; i++) {
		if (!strcmp(plain_kinds[i].store, store))
			return &plain_kinds[i];
	}
	return NULL;
}
