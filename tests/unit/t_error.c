// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/error.c: an error says what failed, on which object, why, and what to do, also
 * when nobody thought of advice, and its texts are cut where they do not fit.
 */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "error.h"

static struct dais_error err;
static char text[2048];

static void test_said(void)
{
	errno = EBUSY;
	CHECK_EQ(dais_fail(&err, DAIS_DEVICE, "open the disk", "/a", "it is %s", "in use"), -1);
	CHECK_EQ(errno, EBUSY);
	CHECK(!strcmp(dais_error_text(&err, text, sizeof(text)),
		      "cannot open the disk /a: it is in use"));
	CHECK_EQ(dais_while(&err, "create the domain", "web"), -1);
	CHECK(!strcmp(dais_error_text(&err, text, sizeof(text)),
		      "cannot create the domain web: open the disk /a: it is in use"));
	CHECK_EQ(err.code, DAIS_DEVICE);
	CHECK_EQ(dais_fail(NULL, DAIS_DEVICE, "open", NULL, "x"), -1);
}

static void test_errno(void)
{
	dais_fail_errno(&err, DAIS_FAILED, EACCES, "open", "/a");
	CHECK(err.code == DAIS_PERMISSION && err.errnum == EACCES &&
	      !strcmp(err.why, strerror(EACCES)));
	dais_fail_errno(&err, DAIS_IMAGE, EACCES, "open", "/a");
	CHECK_EQ(err.code, DAIS_IMAGE);
}

/* Each code has advice of its own, but the two that say nothing; a hint stands before it. */
static void test_advice(void)
{
	for (int code = DAIS_OK; code <= DAIS_INTERRUPTED + 1; code++) {
		struct dais_error other;

		dais_fail(&err, (enum dais_code)code, "do", "it", "why");
		CHECK(dais_advice(&err)[0] != '\0');
		CHECK(strlen(dais_advice(&err)) < DAIS_HINT_MAX);
		dais_fail(&other, DAIS_FAILED, "do", "it", "why");
		CHECK_EQ(!strcmp(dais_advice(&err), dais_advice(&other)),
			 code <= DAIS_FAILED || code > DAIS_INTERRUPTED);
		dais_hint(&err, "try %s", "this");
		CHECK(!strcmp(dais_advice(&err), "try this"));
		dais_while(&err, "do more", NULL);
		CHECK(!strcmp(dais_advice(&err), "try this"));
	}
	/* What came before is not of this error. */
	dais_fail(&err, DAIS_FAILED, "do", "it", "why");
	CHECK(strcmp(dais_advice(&err), "try this") != 0);
}

static void test_long(void)
{
	char object[1000];

	memset(object, 'x', sizeof(object) - 1);
	object[sizeof(object) - 1] = '\0';
	dais_fail(&err, DAIS_FAILED, object, object, "%s", object);
	dais_hint(&err, "%s", object);
	CHECK_EQ(strlen(err.what), DAIS_WHAT_MAX - 1);
	CHECK_EQ(strlen(err.object), DAIS_OBJECT_MAX - 1);
	CHECK_EQ(strlen(err.why), DAIS_WHY_MAX - 1);
	CHECK_EQ(strlen(err.hint), DAIS_HINT_MAX - 1);
}

int main(void)
{
	test_said();
	test_errno();
	test_advice();
	test_long();
	return check_done("error");
}
