/// The C library and the kernel's calls under one name, for every target that speaks with the kernel.
///
/// This is the only file that says which C library it is: another one is a change of one line here. What it lacks,
/// or has only variadically, is in CLinux, which comes with it.
///
/// A call that a type's own method would hide is written with this module's name: `Libc.read(…)`. Nothing that
/// decides or wraps belongs here.
@_exported public import CLinux
@_exported public import Glibc
