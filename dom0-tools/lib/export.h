/* SPDX-License-Identifier: MIT */
/*
 * The library is compiled with hidden visibility: a function is seen from outside only if its
 * definition says EXPORT here and lib/libdais.map gives it a version.
 */
#ifndef DAIS_EXPORT_H
#define DAIS_EXPORT_H

#define EXPORT __attribute__((visibility("default")))

#endif
