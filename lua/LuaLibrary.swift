// lua
