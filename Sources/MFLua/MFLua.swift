// What a program that embeds mflua uses, under one name: hosts and runtimes, hot reload, Lua values, errors, the loop, and
// remotes from memory.
@_exported public import Diagnostics
@_exported public import EventLoops
@_exported public import Federation
@_exported public import Fetch
@_exported public import HotReload
@_exported public import LuaBridge
