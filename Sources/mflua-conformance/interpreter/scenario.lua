-- Runs one scenario: its steps, one after another.

local session = require("conformance.session")

local native = ...
session.native = native

local json = require("conformance.json")
local scenario = json.decode(native.scenario)
session.scenario = scenario

local containers = require("conformance.containers")
scenario.served = scenario.served or {}
require("conformance.plugins").know(scenario.plugins)

-- Entries that the server hands out reach this interpreter, and their container, by this name.
native.publish { container = containers.served }

local steps = require("conformance.steps")
for index, step in ipairs(scenario.steps) do steps.run(index - 1, step) end

session.mf.sleep(scenario.settle or 5)
