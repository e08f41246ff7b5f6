# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Completion for dais: commands, options and what stands behind them come from
# `dais help --complete`, so that they are always those of the program; domains from `dais list`.

# What is there of a kind, by the word that begins with $2.
_dais_offer()
{
	case $1 in
	domain)
		mapfile -t COMPREPLY < <(compgen -W "$(dais list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$2")
		;;
	file)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	command)
		mapfile -t COMPREPLY < <(compgen -W "$(dais help --complete 2>/dev/null)" -- "$2")
		;;
	esac
}

# What the option $1 wants for its argument, of the options $2, $3, ...: FILE, DOMAIN, ...
_dais_wants()
{
	local option
	for option in "${@:2}"; do
		if [[ $option == "$1="* ]]; then
			echo "${option#*=}"
		fi
	done
}

_dais()
{
	local line=${COMP_LINE:0:COMP_POINT} command='' current kind wants='' i place=0
	local -a words options second
	COMPREPLY=()
	# Bash would take a word with a colon or an equals sign apart.
	read -ra words <<< "$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	current=${words[-1]}
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-c) ((++i)) ;; # its URI
		-*) ;;
		*)
			command=${words[i]}
			break
			;;
		esac
	done
	if [[ -z $command ]]; then
		if [[ ${words[-2]-} != -c ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(dais help --complete 2>/dev/null) -c --json --help --version" -- "$current")
		fi
		return
	fi
	{
		read -r kind
		read -ra options
		read -ra second
	} < <(dais help --complete "$command" 2>/dev/null)
	# Which argument it is; arguments of options do not count.
	for ((i++; i < ${#words[@]} - 1; i++)); do
		wants=''
		if [[ ${words[i]} == -* ]]; then
			wants=$(_dais_wants "${words[i]}" "${options[@]}")
			[[ -z $wants ]] || ((++i))
		else
			((++place))
		fi
	done
	# The option stands before this word, or in it.
	((i == ${#words[@]})) || wants=''
	if [[ $current == --*=* ]]; then
		wants=$(_dais_wants "${current%%=*}" "${options[@]}")
		current=${current#*=}
		[[ -n $wants ]] || return
	fi
	if [[ -n $wants ]]; then
		_dais_offer "${wants,,}" "$current"
		return
	fi
	if [[ $current == -* ]]; then
		for i in "${!options[@]}"; do
			case ${options[i]} in
			--*=*) options[i]=${options[i]%%=*}= ;;
			*) options[i]=${options[i]%%=*} ;;
			esac
		done
		mapfile -t COMPREPLY < <(compgen -W "${options[*]}" -- "$current")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
		return
	fi
	case $kind-$place in
	domain-0 | domain-file-0 | domains-*)
		_dais_offer domain "$current"
		;;
	domain-1)
		mapfile -t COMPREPLY < <(compgen -W "${second[*]}" -- "$current")
		;;
	file-* | domain-file-*)
		_dais_offer file "$current"
		;;
	any-0)
		_dais_offer domain "$current"
		local domains=("${COMPREPLY[@]}")
		_dais_offer file "$current"
		COMPREPLY=("${domains[@]}" "${COMPREPLY[@]}")
		;;
	command-0)
		_dais_offer command "$current"
		;;
	esac
}

complete -F _dais dais
