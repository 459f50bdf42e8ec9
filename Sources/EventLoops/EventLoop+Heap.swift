internal import CEventLoop

extension EventLoop {
    /// Lets all threads allocate from one heap, for programs in which the loop's thread does all the work: a second heap
    /// would cost memory and a system call each time it grows. Called before the first loop is made.
    public static func useOneHeap() { mf_heap_single() }

    /// Has later threads reserve less address space for their stacks, for programs that have little of it: libdispatch waits
    /// without an end where there is none left for a thread.
    public static func useSmallStacks() { mf_small_stacks() }
}
