# SPDX-License-Identifier: MIT

EXTRA_DIST += docs/howto/tests.md
