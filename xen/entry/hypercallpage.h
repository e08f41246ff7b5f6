/* SPDX-License-Identifier: MIT */
/*
 * The page of call stubs that older kernels ask for: 32 bytes per hypercall
 * number, called as a function (rows A70, A71 of docs/abi-coverage.md).
 */
#ifndef DAIS_ENTRY_HYPERCALLPAGE_H
#define DAIS_ENTRY_HYPERCALLPAGE_H

/* Writes all 128 stubs to a whole page. */
void hypercall_page_fill(void *page);

#endif
