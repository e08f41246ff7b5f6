// SPDX-License-Identifier: MIT
/*
 * dom0-tools/daisd: what becomes of domains that end, the intents that outlive a killed daemon,
 * and the journal.
 */
#include "check.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../dom0-tools/daisd/forget.h"
#include "../../dom0-tools/daisd/intent.h"
#include "../../dom0-tools/daisd/journal.h"
#include "../../dom0-tools/daisd/marks.h"
#include "../../dom0-tools/daisd/policy.h"

static void test_actions(void)
{
	static const struct {
		enum dais_action set;
		enum policy_act act;
	} actions[] = {
		{DAIS_ACTION_DESTROY, POLICY_DESTROY},
		{DAIS_ACTION_RESTART, POLICY_RESTART},
		{DAIS_ACTION_RENAME_RESTART, POLICY_RENAME_RESTART},
		{DAIS_ACTION_PRESERVE, POLICY_LEAVE},
		{DAIS_ACTION_COREDUMP_DESTROY, POLICY_DESTROY},
		{DAIS_ACTION_COREDUMP_RESTART, POLICY_RESTART},
	};
	static const struct {
		enum dais_shutdown reason;
		enum policy_act act;
	} defaults[] = {
		{DAIS_SHUTDOWN_POWEROFF, POLICY_DESTROY}, {DAIS_SHUTDOWN_REBOOT, POLICY_RESTART},
		{DAIS_SHUTDOWN_CRASH, POLICY_DESTROY},    {DAIS_SHUTDOWN_WATCHDOG, POLICY_DESTROY},
		{DAIS_SHUTDOWN_SUSPEND, POLICY_LEAVE},
	};
	struct dais_config config;
	struct policy_past past = {0};

	dais_config_init(&config);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		CHECK_EQ(policy_decide(&config, defaults[i].reason, 100, &past).act,
			 defaults[i].act);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		config.on_crash = actions[i].set;
		CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_CRASH, 100, &past).act,
			 actions[i].act);
		CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_CRASH, 100, &past).core,
			 actions[i].set == DAIS_ACTION_COREDUMP_DESTROY ||
				 actions[i].set == DAIS_ACTION_COREDUMP_RESTART);
		CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_POWEROFF, 100, &past).act,
			 POLICY_DESTROY);
		CHECK(!policy_decide(&config, DAIS_SHUTDOWN_POWEROFF, 100, &past).core);
	}
}

static void test_brake(void)
{
	struct dais_config config;
	struct policy_past past = {0};
	unsigned int before = 0;

	dais_config_init(&config);
	for (int i = 0; i < POLICY_QUICK_MAX; i++) {
		struct policy_decision d = policy_decide(&config, DAIS_SHUTDOWN_REBOOT, 1, &past);

		CHECK_EQ(d.act, POLICY_RESTART);
		CHECK(i == 0 ? d.delay_seconds == 0 : d.delay_seconds > before);
		before = d.delay_seconds;
	}
	CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_REBOOT, 1, &past).act, POLICY_DESTROY);
	/* One that lived is trusted again. */
	CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_REBOOT, 100, &past).act, POLICY_RESTART);
	CHECK_EQ(policy_decide(&config, DAIS_SHUTDOWN_REBOOT, 1, &past).delay_seconds, 0);
}

static void make(struct dais_config *config, const char *name, uint8_t id)
{
	dais_config_init(config);
	config->name = strdup(name);
	config->kernel = strdup("/k");
	config->memory_kb = 64 << 10;
	config->has_uuid = true;
	memset(config->uuid, id, 16);
}

static void test_intents(const char *dir)
{
	struct dais_config config, found;
	struct intent intent;

	intent_open(dir);
	CHECK_EQ(intent_next(), 0);
	make(&config, "a", 1);
	CHECK_EQ(intent_add(&config, intent_now() + 1000, false), 0);
	CHECK(!intent_take(&intent, &found));
	CHECK(intent_next() > intent_now());
	CHECK(intent_cancel("a") && !intent_cancel("a"));
	CHECK_EQ(intent_add(&config, 0, true), 0); /* somebody is at it */
	CHECK(!intent_take(&intent, &found) && !intent_cancel("a"));
	dais_config_free(&config);
	make(&config, "b", 2);
	CHECK_EQ(intent_add(&config, 0, false), 0);
	CHECK(intent_take(&intent, &found));
	CHECK(!strcmp(intent.name, "b") && !strcmp(found.name, "b") && found.memory_kb == 64 << 10);
	dais_config_free(&found);
	CHECK(!intent_take(&intent, &found));
	intent_later(&intent, 0);
	CHECK(intent_take(&intent, &found));
	dais_config_free(&found);
	intent_done(config.uuid);
	CHECK_EQ(intent_next(), 0);
	dais_config_free(&config);
}

/* What a daemon that was killed left is there for the next. */
static void test_restart(const char *dir)
{
	struct dais_config config, found;
	struct intent intent;
	char path[320];
	int n = 0;

	snprintf(path, sizeof(path), "%s/0102.cfg.new", dir);
	CHECK_EQ(mkdir(path, 0700), 0); /* rubbish is passed over */
	intent_open(dir); /* "a", taken by the dead one, is there and due */
	make(&config, "c", 3);
	CHECK_EQ(intent_add(&config, 0, false), 0);
	while (intent_take(&intent, &found)) {
		CHECK(!strcmp(found.name, "a") || !strcmp(found.name, "c"));
		intent_done(found.uuid);
		dais_config_free(&found);
		n++;
	}
	CHECK_EQ(n, 2);
	dais_config_free(&config);
}

static void test_journal(const char *dir)
{
	struct json_object *list;
	struct journal_entry entry = {.event = "ended", .domid = 5, .reason = "crash"};
	static const uint8_t uuid[16] = {1, 2, 3};
	char name[16], path[300];
	FILE *f;

	CHECK(journal_open(dir));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d\"%d", i % 3);
		entry.name = name;
		entry.uuid = uuid;
		journal_add(&entry);
	}
	list = journal_read(NULL, 10);
	CHECK_EQ(json_object_array_length(list), 10);
	json_object_put(list);
	/* A torn line and one of somebody else's are passed over. */
	snprintf(path, sizeof(path), "%s/journal.jsonl", dir);
	f = fopen(path, "a");
	CHECK(f && fputs("{\"time\": \"20\n", f) >= 0);
	fclose(f);
	list = journal_read("d\"1", 1000);
	CHECK_EQ(json_object_array_length(list), 100);
	json_object_put(list);
	journal_close();
}

/* A daisd that is killed leaves what it did; the next goes on, and the one after has nothing. */
static void test_marks(const char *dir)
{
	char mark[300], name[400];
	int fd;

	snprintf(mark, sizeof(mark), "%s/autostarted", dir);
	fd = marks_begin(mark);
	CHECK(fd >= 0 && !marks_has(fd, "a.cfg"));
	marks_add(fd, "a.cfg");
	marks_add(fd, "b.cfg");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	marks_add(fd, name); /* refused, and breaks nothing */
	CHECK(marks_has(fd, "a.cfg") && marks_has(fd, "b.cfg") && !marks_has(fd, "c.cfg"));
	close(fd);
	fd = marks_begin(mark);
	CHECK(fd >= 0 && marks_has(fd, "b.cfg") && !marks_has(fd, "b.cf") && !marks_has(fd, name));
	marks_add(fd, "c.cfg");
	CHECK(marks_has(fd, "c.cfg"));
	marks_end(fd, mark);
	CHECK_EQ(marks_begin(mark), -1);
	CHECK_EQ(marks_begin("/nowhere/at/all"), -1);
}

/* At sockets of those somebody listens; which were asked about. */
static char listened[8] = "", asked[80] = "";

bool dais_forget_more(const struct dais_config *rest)
{
	strncat(asked, rest->name, 1);
	return strchr(listened, *rest->name) != NULL;
}

static void forget(char letter, time_t now)
{
	struct dais_config rest;

	dais_config_init(&rest);
	rest.name = strndup(&letter, 1);
	forget_add(&rest, now);
}

/* Each try asks about each one once, and none is tried for ever. */
static void test_forget(void)
{
	CHECK(!forget_pending());
	forget_try(1);
	strcpy(listened, "abc");
	forget('a', 100);
	forget('b', 105);
	forget('c', 105);
	forget_try(106);
	CHECK(forget_pending() && strlen(asked) == 3);
	/* At those of b nobody does any more. */
	strcpy(listened, "ac");
	asked[0] = '\0';
	forget_try(107);
	CHECK(forget_pending() && strlen(asked) == 3 && strchr(asked, 'b'));
	asked[0] = '\0';
	forget_try(100 + DAIS_FORGET_SECONDS);
	CHECK(forget_pending() && strlen(asked) == 2 && !strchr(asked, 'b'));
	asked[0] = '\0';
	forget_try(105 + DAIS_FORGET_SECONDS);
	CHECK(!forget_pending() && !strcmp(asked, "c"));
	/* More than there is place for: the oldest is let be. */
	for (char letter = ' '; letter <= ' ' + 64; letter++)
		forget(letter, 200);
	asked[0] = '\0';
	forget_try(201);
	CHECK(!forget_pending() && strlen(asked) == 64 && !strchr(asked, ' '));
}

int main(void)
{
	char dir[] = "/tmp/t_daisdXXXXXX", command[64];

	CHECK(mkdtemp(dir) != NULL);
	test_actions();
	test_brake();
	test_intents(dir);
	test_restart(dir);
	test_journal(dir);
	test_marks(dir);
	test_forget();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_EQ(system(command), 0);
	return check_done("daisd");
}
