# The first stage in an initramfs: it boots the kernel that the command line names, if skexec trusts it.
#
# shellcheck shell=sh
# Scripts of initramfs-tools and of dracut source this file in any POSIX shell (klibc's, busybox's, dash, bash). These scripts wait
# for the device; skexec decides whether a kernel may be booted. Nothing in this file decides about trust.
#
# The sourcing script defines skexec_shell MESSAGE, the emergency shell of its initramfs, and calls
#   skexec_parse LINE                 parses the command line into skexec_root, skexec_kernel, ... below
#   skexec_boot DEVICE FSTYPE         boots the kernel, or fails
#   skexec_fail MESSAGE               does what skexec.onfail= says; returns after a shell
#
# Every name starts with skexec_: dracut runs all of its hooks in one shell.

# Tests set this to a directory that contains their own /proc, /sys and /run.
skexec_system=
skexec_newline='
'

# Splits and unquotes words as the kernel does (lib/cmdline.c, next_arg): blanks within double quotes do not split, and quotes around
# a word or around its value are removed. Words after `--` are init's arguments.
skexec_parse() {
    skexec_root='' skexec_rootflags='' skexec_kernel='' skexec_initrds='' skexec_append='' skexec_onfail='' skexec_covers=''
    skexec_rest="$1 " skexec_word='' skexec_quoted=''
    while [ -n "$skexec_rest" ]; do
        skexec_next=${skexec_rest#?}
        skexec_letter=${skexec_rest%"$skexec_next"}
        skexec_rest=$skexec_next
        case $skexec_letter in
            '"') [ -n "$skexec_quoted" ] && skexec_quoted='' || skexec_quoted=y ;;
            ' ' | '	' | "$skexec_newline")
                if [ -z "$skexec_quoted" ]; then
                    [ "$skexec_word" = -- ] && return 0
                    skexec_take "$skexec_word"
                    skexec_word=''
                    continue
                fi
                ;;
        esac
        skexec_word=$skexec_word$skexec_letter
    done
    # An unclosed quote extends to the end of the line.
    skexec_take "${skexec_word% }"
}

# Parses one word. If a parameter occurs several times, the last one counts, except for lists.
skexec_take() {
    case $1 in
        skexec.*=* | '"'skexec.*=*) ;;
        *) return 0 ;;
    esac
    skexec_word=$1
    case $skexec_word in
        '"'*)
            skexec_word=${skexec_word#'"'}
            skexec_word=${skexec_word%'"'}
            ;;
    esac
    skexec_value=${skexec_word#*=}
    case $skexec_value in
        '"'*)
            skexec_value=${skexec_value#'"'}
            skexec_value=${skexec_value%'"'}
            ;;
    esac
    case $skexec_word in
        skexec.root=*) skexec_root=$skexec_value ;;
        skexec.rootflags=*) skexec_rootflags=$skexec_value ;;
        skexec.kernel=*) skexec_kernel=$skexec_value ;;
        skexec.initrd=*) skexec_initrds=${skexec_initrds:+$skexec_initrds$skexec_newline}$skexec_value ;;
        skexec.append=*) skexec_append=${skexec_append:+$skexec_append }$skexec_value ;;
        skexec.onfail=*) skexec_onfail=$skexec_value ;;
        skexec.covers=*) skexec_covers=$skexec_value ;;
        *) skexec_say "warning: ${skexec_word%%=*}= is not known" ;;
    esac
    return 0
}

skexec_say() {
    printf 'skexec: %s\n' "$*" >&2
}

# The next kernel's command line: root= and the text of skexec.append=, without this kernel's other parameters. A root= in
# skexec.append= replaces this kernel's, because the kernel may be on another file system (/boot) than the next system's root.
skexec_cmdline() {
    case " $skexec_append" in
        *[' "']root=*) printf '%s\n' "$skexec_append" ;;
        *)
            case $skexec_root in
                *[' 	']*) skexec_word="root=\"$skexec_root\"" ;;
                *) skexec_word="root=$skexec_root" ;;
            esac
            printf '%s\n' "$skexec_word${skexec_append:+ $skexec_append}"
            ;;
    esac
}

skexec_boot() {
    skexec_mount "$1" "$2" || {
        skexec_fail "cannot mount $1, which skexec.root= names"
        return 0
    }
    skexec_mount_kernels_own
    skexec_load
    skexec_status=$?
    umount "$skexec_point" || skexec_say "warning: $1 stays mounted at $skexec_point"
    if [ "$skexec_status" -ne 0 ]; then
        skexec_fail "$skexec_kernel on $skexec_root is not booted (exit code $skexec_status)"
        return 0
    fi
    skexec exec --force >&2
    skexec_fail "$skexec_kernel on $skexec_root is loaded, but the jump failed (exit code $?)"
}

# Mounts the file system as a boot loader reads it: read-only and without replaying a journal, so that a hibernated system finds its
# disk unchanged. skexec.rootflags= replaces the option for that.
skexec_mount() {
    case $2 in
        ext3 | ext4) skexec_norecovery=noload ;;
        xfs | f2fs) skexec_norecovery=norecovery ;;
        btrfs) skexec_norecovery=rescue=nologreplay ;;
        *) skexec_norecovery='' ;;
    esac
    skexec_options=${skexec_rootflags:-$skexec_norecovery}
    skexec_point=$skexec_system/run/skexec-root
    mkdir -p "$skexec_point" &&
        mount ${2:+-t "$2"} -o "ro,nodev,nosuid,noexec${skexec_options:+,$skexec_options}" "$1" "$skexec_point"
}

# Mounts the file systems from which skexec reads facts about firmware and kernel: keys, Secure Boot, lockdown. Without them skexec
# trusts fewer files, and reports why.
skexec_mount_kernels_own() {
    if [ -d "$skexec_system/sys/firmware/efi" ]; then
        skexec_mounted /sys/firmware/efi/efivars || {
            modprobe -q efivarfs
            mount -t efivarfs -o ro,nodev,nosuid,noexec efivarfs "$skexec_system/sys/firmware/efi/efivars" ||
                skexec_say "warning: cannot mount efivarfs"
        }
    fi
    skexec_mounted /sys/kernel/security ||
        mount -t securityfs -o nodev,nosuid,noexec securityfs "$skexec_system/sys/kernel/security" ||
        skexec_say "warning: cannot mount securityfs"
}

skexec_mounted() {
    while read -r _ skexec_where _; do
        [ "$skexec_where" = "$1" ] && return 0
    done <"$skexec_system/proc/mounts"
    return 1
}

# Whether the kernel brings its initrd and its command line: it is a unified kernel image, or a manifest is beside it. This only chooses
# the options of skexec, which looks at the files.
skexec_is_bundle() {
    case $1 in
        *.efi | *.EFI) return 0 ;;
    esac
    [ -e "$1.manifest" ] || [ -L "$1.manifest" ]
}

# This runs in a subshell, because it changes how words are split.
skexec_load() (
    set -f
    IFS=$skexec_newline
    skexec_file=$skexec_point/${skexec_kernel#/}
    set -- "$skexec_file"
    for skexec_initrd in $skexec_initrds; do
        set -- "$@" --initrd "$skexec_point/${skexec_initrd#/}"
    done
    [ -n "$skexec_initrds" ] || skexec_is_bundle "$skexec_file" || set -- "$@" --no-initrd
    case $skexec_covers in
        kernel) ;;
        '' | initrd | kernel,initrd) set -- "$@" --require-signed-initrd ;;
        *)
            skexec_say "warning: skexec.covers=$skexec_covers is not known: initrds must be signed"
            set -- "$@" --require-signed-initrd
            ;;
    esac
    if ! skexec_is_bundle "$skexec_file"; then
        set -- "$@" --cmdline "$(skexec_cmdline)"
    elif [ -n "$skexec_append" ]; then
        set -- "$@" --append "$skexec_append"
    fi
    skexec load "$@" >&2
)

skexec_fail() {
    skexec_say "$*"
    case $skexec_onfail in
        reboot)
            skexec_say "rebooting in 10 seconds (skexec.onfail=reboot)"
            sleep 10
            reboot -f
            echo b >"$skexec_system/proc/sysrq-trigger"
            skexec_never
            ;;
        halt)
            skexec_say "halting (skexec.onfail=halt)"
            halt -f
            echo o >"$skexec_system/proc/sysrq-trigger"
            skexec_never
            ;;
        '' | shell) ;;
        *) skexec_say "warning: skexec.onfail=$skexec_onfail is not known: a shell, then" ;;
    esac
    skexec_say "to boot another kernel: mount its file system, skexec load ..., skexec exec --force"
    skexec_say "to boot this kernel's own system, if root= names one: exit"
    skexec_shell "skexec: $*"
}

# If the machine was to stop, the boot must not continue.
skexec_never() {
    while :; do
        sleep 3600
    done
}
