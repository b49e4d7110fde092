internal import Libc

/// Makes the allocator give back what svcd needs for a moment only, as for a long listing. Before any thread begins.
package func keepHeapSmall() { _ = linux_keep_heap_small() }
