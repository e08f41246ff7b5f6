# SPDX-License-Identifier: MIT
#
# The store daemon comes here.
