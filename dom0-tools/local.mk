# SPDX-License-Identifier: MIT
#
# libdais, dais and daisd come here, each program with its own flags.
