/// Where things are, unless somebody says otherwise.
package enum DefaultPaths {
    package static let policy = "/etc/svcd/policy.yaml"
    package static let docker = "unix:///var/run/docker.sock"
    package static let state = "/var/lib/svcd"
    package static let control = "/run/svcd/control.sock"
    package static let hook = "/run/svcd-hook/hook.sock"
}

/// What `--version` prints.
package let productVersion = "0.1.0"
