# Where everything of svcd's goes. Sourced by install.sh and deb.sh.

# place ROOT BIN BINDIR UNITDIR SHARE: copies what build.sh has put into BIN, and what is beside this file, below ROOT.
place() {
    local root=$1 bin=$2 bindir=$3 unitdir=$4 share=$5 here
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    install -D -m 755 -t "$root$bindir" "$bin/svcd" "$bin/svcctl"
    for unit in svcd.service svcd-control.socket svcd-hook.socket; do
        install -d "$root$unitdir"
        sed "s|/usr/bin/|$bindir/|" "$here/$unit" >"$root$unitdir/$unit"
        chmod 644 "$root$unitdir/$unit"
    done
    install -D -m 644 "$here/svcd.sysusers" "$root/usr/lib/sysusers.d/svcd.conf"
    install -D -m 644 "$here/svcd.tmpfiles" "$root/usr/lib/tmpfiles.d/svcd.conf"
    install -D -m 644 "$here/svcd.catalog" "$root/usr/lib/systemd/catalog/svcd.catalog"
    install -D -m 644 -t "$root$share/svcd/policies" "$here"/../policies/*.yaml
    install -D -m 644 -t "$root$share/svcd/svcd.service.d" "$here"/svcd.service.d/*.conf
    # A directory with binaries only has neither.
    if [ -d "$bin/man" ]; then
        install -D -m 644 -t "$root$share/man/man8" "$bin"/man/*.8
        gzip -9nf "$root$share"/man/man8/svc*.8
    fi
    if [ -d "$bin/completions" ]; then
        for command in svcd svcctl; do
            install -D -m 644 "$bin/completions/$command.bash" "$root$share/bash-completion/completions/$command"
            install -D -m 644 "$bin/completions/$command.zsh" "$root$share/zsh/vendor-completions/_$command"
            install -D -m 644 "$bin/completions/$command.fish" "$root$share/fish/vendor_completions.d/$command.fish"
        done
    fi
}
