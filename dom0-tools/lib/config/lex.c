/* SPDX-License-Identifier: MIT */
/*
 * The words of xl.cfg's language. Stricter than xl nowhere; where xl stumbles over something
 * harmless (a carriage return, an upper-case digit of a hexadecimal number, a comment at the
 * very end) it is read as meant. A fault is a token of its own with its remedy, so that the
 * parser can go on behind it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/private.h"

static void bad(struct token *token, const char *why, const char *remedy)
{
	free(token->text);
	token->text = NULL;
	token->kind = TOKEN_BAD;
	token->why = why;
	token->remedy = remedy;
}

static void skip_blank(struct lexer *lexer)
{
	while (lexer->at < lexer->end) {
		char c = *lexer->at;

		if (c == '#') {
			while (lexer->at < lexer->end && *lexer->at != '\n')
				lexer->at++;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			lexer->at++;
		} else {
			return;
		}
	}
}

void lexer_skip_line(struct lexer *lexer)
{
	while (lexer->at < lexer->end && *lexer->at != '\n')
		lexer->at++;
	if (lexer->at < lexer->end) {
		lexer->at++;
		lexer->line++;
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

/* Names and bare numbers: what is neither ends as a fault that says which quotes are missing. */
static void read_word(struct lexer *lexer, struct token *token)
{
	const char *start = lexer->at;
	bool number = isdigit((unsigned char)*start), clean = true;
	size_t length;

	while (lexer->at < lexer->end && is_word(*lexer->at)) {
		char c = *lexer->at++;

		clean = clean && (number ? isxdigit((unsigned char)c) || c == 'x' || c == 'X'
					 : islower((unsigned char)c) || isdigit((unsigned char)c) ||
						   c == '_' || c == '.');
	}
	length = (size_t)(lexer->at - start);
	token->kind = number ? TOKEN_NUMBER : TOKEN_NAME;
	token->text = copy_part(start, length);
	if (!token->text)
		bad(token, "no memory left", NULL);
	else if (*start == '-' && length > 1 && isdigit((unsigned char)start[1]))
		bad(token, "a negative number stands without quotes",
		    "Write it in quotes: \"-1\".");
	else if (!clean && number)
		bad(token, "this is no number", "Put texts in quotes.");
	else if (!clean || *start == '-' || *start == '.' || *start == '_')
		bad(token, "keys are made of lower-case letters, digits and underscores",
		    "Correct the key, or put texts in quotes.");
}

static int octal_digit(const struct lexer *lexer, int i)
{
	const char *at = lexer->at + i;

	return at < lexer->end && *at >= '0' && *at <= '7' ? *at - '0' : -1;
}

static int hex_digit(const struct lexer *lexer, int i)
{
	const char *at = lexer->at + i;

	if (at >= lexer->end || !isxdigit((unsigned char)*at))
		return -1;
	return isdigit((unsigned char)*at) ? *at - '0' : tolower((unsigned char)*at) - 'a' + 10;
}

/* What follows a backslash; -1: nothing that is known. */
static int read_escape(struct lexer *lexer)
{
	static const char letters[] = "abfnrtv\\\"'";
	static const char meant[] = "\a\b\f\n\r\t\v\\\"'";
	char c = *lexer->at++;
	const char *found = c ? strchr(letters, c) : NULL;
	int value;

	if (found)
		return meant[found - letters];
	if (c == 'x' && hex_digit(lexer, 0) >= 0 && hex_digit(lexer, 1) >= 0) {
		value = hex_digit(lexer, 0) * 16 + hex_digit(lexer, 1);
		lexer->at += 2;
		return value;
	}
	if (c >= '0' && c <= '3' && octal_digit(lexer, 0) >= 0 && octal_digit(lexer, 1) >= 0) {
		value = (c - '0') * 64 + octal_digit(lexer, 0) * 8 + octal_digit(lexer, 1);
		lexer->at += 2;
		return value;
	}
	return -1;
}

static void read_quoted(struct lexer *lexer, struct token *token)
{
	char quote = *lexer->at++;
	char *out = malloc((size_t)(lexer->end - lexer->at) + 1);

	token->kind = TOKEN_TEXT;
	token->text = out;
	if (!out) {
		bad(token, "no memory left", NULL);
		return;
	}
	while (lexer->at < lexer->end && *lexer->at != '\n') {
		int c = (unsigned char)*lexer->at++;

		if (c == quote) {
			*out = '\0';
			return;
		}
		if (c == '\\' && lexer->at < lexer->end && *lexer->at != '\n') {
			c = read_escape(lexer);
			if (c <= 0) {
				while (lexer->at < lexer->end && *lexer->at != '\n')
					lexer->at++;
				bad(token, "a backslash is followed by something unknown",
				    "Write \\\\ for a backslash.");
				return;
			}
		}
		*out++ = (char)c;
	}
	bad(token, "a quotation mark is not closed on its line", "Add the closing quotation mark.");
}

static enum token_kind punctuation(char c)
{
	switch (c) {
	case '\n':
	case ';':
		return TOKEN_NEWLINE;
	case '=':
		return TOKEN_ASSIGN;
	case '[':
		return TOKEN_OPEN;
	case ']':
		return TOKEN_CLOSE;
	case ',':
		return TOKEN_COMMA;
	default:
		return TOKEN_BAD;
	}
}

void lexer_next(struct lexer *lexer, struct token *token)
{
	char c;

	skip_blank(lexer);
	*token = (struct token){.kind = TOKEN_END, .line = lexer->line};
	if (lexer->at >= lexer->end)
		return;
	c = *lexer->at;
	if (is_word(c)) {
		read_word(lexer, token);
		return;
	}
	if (c == '"' || c == '\'') {
		read_quoted(lexer, token);
		return;
	}
	lexer->at++;
	if (c == '+' && lexer->at < lexer->end && *lexer->at == '=') {
		lexer->at++;
		token->kind = TOKEN_APPEND;
		return;
	}
	token->kind = punctuation(c);
	if (token->kind == TOKEN_BAD)
		bad(token,
		    c == '/' ? "a text stands without quotes"
			     : "a character stands here that may stand only in a text",
		    c == '/' ? "Put it in quotes."
			     : "Put texts in quotes; files are data, not programs.");
	lexer->line += c == '\n';
}
