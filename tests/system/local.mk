# SPDX-License-Identifier: MIT

check-system: xen/dais
	@:

demo: xen/dais
	@:
