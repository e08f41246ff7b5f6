# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion for dais: commands and options come from `dais help --complete`, so that they are
# always those of the program; domains from `dais list`.

_dais()
{
	local current=${COMP_WORDS[COMP_CWORD]} command='' i kind options
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(dais help --complete 2>/dev/null) --json --help --version" -- "$current")
		return
	fi
	read -r kind options < <(dais help --complete "$command" 2>/dev/null)
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
		return
	fi
	case $kind in
	domain)
		# The first argument only; options do not count.
		for ((i++; i < COMP_CWORD; i++)); do
			[[ ${COMP_WORDS[i]} == -* ]] || return
		done
		;;&
	domain | domains)
		mapfile -t COMPREPLY < <(compgen -W "$(dais list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$current")
		;;
	file)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	command)
		mapfile -t COMPREPLY < <(compgen -W "$(dais help --complete 2>/dev/null)" -- "$current")
		;;
	esac
}

complete -F _dais dais
