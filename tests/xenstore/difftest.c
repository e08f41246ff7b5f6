// SPDX-License-Identifier: MIT
/*
 * The differential test: sends the same random sequences of requests, from the same clients, to
 * our daemon and to both of Debian's for Xen 4.17, and compares each reply, the events that every
 * client gets, and the whole store at the end.  A difference that no rule lists is a failure, and
 * is shown as the shortest sequence that leads to it.
 *
 *   difftest [--ours FILE] [--stock DIR] --preload FILE [--seed N] [--seeds N] [--steps N]
 *            [--reference ours|C|OCaml] [--no-shrink] [--survey] [--sockets-only] [--any-errno]
 *
 * Without ours, the stock daemons are compared with each other (--reference C).
 */
#include "difftest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"

struct tally {
	const char *rule;
	unsigned int count;
};

static struct server_paths paths;
static enum server_kind reference = SERVER_OURS;
static struct tally tallies[64];
static unsigned int failures, compared;
static bool shrinking = true, surveying;
static unsigned long current_seed;

static void count(const char *rule)
{
	struct tally *t = tallies;

	while (t->rule && t->rule != rule)
		t++;
	t->rule = rule;
	t->count++;
}

/* Where a run of a sequence ended. */
struct finding {
	enum verdict verdict;
	unsigned int at; /* the step; the number of steps when only the stores differ */
	struct outcome ours, peer;
	char *our_tree, *peer_tree;
};

static void show_outcomes(enum server_kind kind, const struct finding *f)
{
	printf("# %s: %s\n# %s: %s\n", server_name(reference), f->ours.reply, server_name(kind),
	       f->peer.reply);
	for (unsigned int c = 0; c < CLIENTS; c++)
		if (strcmp(f->ours.events[c], f->peer.events[c]) != 0)
			printf("# events of client %u, %s:\n%s# %s:\n%s", c, server_name(reference),
			       f->ours.events[c], server_name(kind), f->peer.events[c]);
	if (f->ours.early != f->peer.early)
		printf("# events before the reply: %u and %u\n", f->ours.early, f->peer.early);
	fflush(stdout);
}

/* With --survey: one line for each difference, and on as long as both refuse. */
static bool survey(const struct step *s, enum server_kind kind, const struct finding *f)
{
	printf("# survey of seed %lu, step %u: %.40s | %.40s | ", current_seed, f->at,
	       f->ours.reply, f->peer.reply);
	step_print(s, stdout);
	if (strcmp(f->ours.reply, f->peer.reply) == 0)
		show_outcomes(kind, f);
	return strncmp(f->ours.reply, "ERROR", 5) == 0 && strncmp(f->peer.reply, "ERROR", 5) == 0;
}

static void finding_free(struct finding *f)
{
	free(f->our_tree);
	free(f->peer_tree);
}

static char *tree_of(struct world *w, enum server_kind beside)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	world_dump(w, beside, to);
	fclose(to);
	return text;
}

/* Runs the steps that are not dropped; stops at the first difference that no rule lists. */
static void run(const struct step *steps, unsigned int n, enum server_kind kind, struct finding *f,
		bool counting)
{
	struct world ours, peer;

	memset(f, 0, sizeof(*f));
	if (!world_open(&ours, &paths, reference) || !world_open(&peer, &paths, kind))
		exit(1);
	for (unsigned int i = 0; i < n; i++) {
		const char *rule;

		if (steps[i].dropped)
			continue;
		f->at = i;
		world_step(&ours, &steps[i], &f->ours);
		world_step(&peer, &steps[i], &f->peer);
		f->verdict = judge(&steps[i], &f->ours, &f->peer, kind, &rule);
		if (counting) {
			compared++;
			if (rule)
				count(rule);
		}
		if (f->verdict == DIFFERENT && surveying && survey(&steps[i], kind, f))
			continue;
		if (f->verdict == DIFFERENT || f->verdict == LISTED_APART)
			goto out;
	}
	f->at = n;
	f->our_tree = tree_of(&ours, kind);
	f->peer_tree = tree_of(&peer, kind);
	f->verdict = strcmp(f->our_tree, f->peer_tree) == 0 ? SAME : DIFFERENT;
out:
	world_close(&ours);
	world_close(&peer);
}

static void show(const struct step *steps, unsigned int n, enum server_kind kind,
		 const struct finding *f)
{
	for (unsigned int i = 0; i < n && i <= f->at; i++)
		if (!steps[i].dropped) {
			printf("#   ");
			step_print(&steps[i], stdout);
		}
	if (f->at == n) {
		printf("# the stores differ in the end; %s:\n%s# %s:\n%s", server_name(reference),
		       f->our_tree, server_name(kind), f->peer_tree);
		return;
	}
	show_outcomes(kind, f);
}

/* Leaves out, in ever smaller pieces, what the same finding does not need. */
static void shrink(struct step *steps, unsigned int n, enum server_kind kind, struct finding *f)
{
	bool tree = f->at == n;
	time_t end = time(NULL) + 60;

	for (unsigned int i = f->at + 1; i < n; i++)
		steps[i].dropped = true;
	for (unsigned int piece = n / 2; piece > 0 && time(NULL) < end; piece /= 2) {
		for (unsigned int i = 0; i < n && time(NULL) < end; i += piece) {
			bool before[1024], any = false;
			struct finding g;

			for (unsigned int k = i; k < i + piece && k < n; k++) {
				before[k - i] = steps[k].dropped;
				any |= !steps[k].dropped && k != f->at;
				steps[k].dropped |= k != f->at;
			}
			if (!any)
				continue;
			run(steps, n, kind, &g, false);
			if (g.verdict == DIFFERENT && (g.at == n) == tree) {
				finding_free(f);
				*f = g;
				continue;
			}
			finding_free(&g);
			for (unsigned int k = i; k < i + piece && k < n; k++)
				steps[k].dropped = before[k - i];
		}
	}
}

static void one_seed(struct step *steps, unsigned int n, uint64_t seed, enum server_kind kind)
{
	struct finding f;

	current_seed = seed;
	generate(steps, n, seed);
	run(steps, n, kind, &f, true);
	if (f.verdict == DIFFERENT && !surveying) {
		printf("# seed %lu, step %u of %u, beside %s:\n", (unsigned long)seed, f.at, n,
		       server_name(kind));
		if (shrinking)
			shrink(steps, n, kind, &f);
		show(steps, n, kind, &f);
		failures++;
	}
	finding_free(&f);
}

int main(int argc, char **argv)
{
	unsigned long seed = 1, seeds = 20;
	unsigned int n = 200;
	struct step *steps;

	xsc_timeout = 4000;
	server_options(&paths, &argc, argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-shrink") == 0)
			shrinking = false;
		else if (strcmp(argv[i], "--survey") == 0)
			surveying = true;
		else if (strcmp(argv[i], "--any-errno") == 0)
			any_errno = true;
		else if (strcmp(argv[i], "--sockets-only") == 0)
			sockets_only = true;
		else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
			seed = strtoul(argv[++i], NULL, 0);
		else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0)
			seeds = strtoul(argv[++i], NULL, 0);
		else if (i + 1 < argc && strcmp(argv[i], "--steps") == 0)
			n = (unsigned int)strtoul(argv[++i], NULL, 0);
		else if (i + 1 < argc && strcmp(argv[i], "--reference") == 0)
			reference = strcmp(argv[++i], "C") == 0 ? SERVER_C : SERVER_OURS;
		else
			return 2;
	}
	if (n > 1024 || !paths.program[reference])
		return 2;
	steps = calloc(n, sizeof(*steps));
	for (enum server_kind kind = SERVER_C; kind <= SERVER_OCAML; kind++) {
		unsigned int before = failures;

		if (kind == reference)
			continue;
		if (!paths.program[kind]) {
			printf("ok - beside %s # SKIP xen-utils-4.17 is not there\n",
			       server_name(kind));
			continue;
		}
		for (uint64_t s = seed; s < seed + seeds && failures < before + 5; s++)
			one_seed(steps, n, s, kind);
		printf("%s - beside %s: %lu sequences of %u steps\n",
		       failures == before ? "ok" : "not ok", server_name(kind), seeds, n);
		fflush(stdout);
	}
	for (struct tally *t = tallies; t->rule; t++)
		printf("# listed difference %s: %u times in %u steps\n", t->rule, t->count,
		       compared);
	free(steps);
	return failures != 0;
}
