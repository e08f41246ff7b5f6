// SPDX-License-Identifier: MIT
/* forget.h: a short list; when it is full the oldest gives way, whose time is nearest to its end. */
#include "forget.h"

#include <stddef.h>
#include <string.h>

#define FORGETS_MAX 64

static struct {
	struct {
		struct dais_config rest;
		time_t until;
	} list[FORGETS_MAX];
	size_t count;
} self;

static void drop(size_t i)
{
	dais_config_free(&self.list[i].rest);
	self.count--;
	memmove(&self.list[i], &self.list[i + 1], (self.count - i) * sizeof(self.list[0]));
}

void forget_add(struct dais_config *rest, time_t now)
{
	if (self.count == FORGETS_MAX)
		drop(0);
	self.list[self.count].rest = *rest;
	self.list[self.count++].until = now + DAIS_FORGET_SECONDS;
}

void forget_try(time_t now)
{
	for (size_t i = self.count; i-- > 0;) {
		if (!dais_forget_more(&self.list[i].rest) || now >= self.list[i].until)
			drop(i);
	}
}

bool forget_pending(void)
{
	return self.count > 0;
}
