// The C library and the kernel's calls under one name, and the only file that says which C library it is: another one
// is a change of one line here. A call that a type's own method would hide is written with this module's name:
// `Libc.read(…)`.

@_exported public import CLinux
@_exported public import Glibc
