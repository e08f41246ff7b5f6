/* SPDX-License-Identifier: MIT */
/*
 * Numbers about host and domains in the OpenMetrics text format.
 */
#ifndef DAISD_METRICS_H
#define DAISD_METRICS_H

#include "dom/domain.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* The whole text, which the caller frees; NULL with @err. */
char *metrics_text(struct dais *host, struct dais_error *err);

#endif
