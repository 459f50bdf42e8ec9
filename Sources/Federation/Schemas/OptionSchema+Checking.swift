import LuaBridge

extension OptionSchema {
    /// What contradicts itself in a declaration, wherever it was written.
    ///
    /// - Parameter path: The keys that lead to the declaration.
    func faults(at path: [String]) -> [SchemaFault] {
        var faults: [SchemaFault] = []
        var formerNames: [String: String] = [:]
        for (name, rule) in rules {
            faults += rule.faults(at: path + [name])
            for former in rule.formerNames {
                let keys = path + [name, "was"]
                if self[former] != nil {
                    faults.append(keys, "names `\(former)`, which is an option itself")
                } else if let other = formerNames.updateValue(name, forKey: former) {
                    faults.append(keys, "names `\(former)`, which is a former name of `\(other)`, too")
                }
            }
        }
        return faults
    }
}

extension OptionRule {
    fileprivate func faults(at path: [String]) -> [SchemaFault] {
        var faults: [SchemaFault] = []
        for (key, value) in [("min", min), ("max", max)] where !value.isNil {
            if !hasBounds {
                faults.append(path + [key], "has no meaning for \(expected)")
            } else if bound(value) == nil {
                faults.append(
                    path + [key], "is \(value.shownOption), which is no bound of \(OptionRule(kind).expected)")
            }
        }
        if let least = bound(min), let most = bound(max), most < least {
            faults.append(path + ["max"], "is less than `min`")
        }
        if isSecret, !kind.mayBeSecret { faults.append(path + ["secret"], "is for strings, URLs and paths") }
        if case .enum(let values) = kind, values.isEmpty { faults.append(path + ["enum"], "is empty") }
        if isRequired, !defaultValue.isNil {
            faults.append(path + ["default"], "is never used: the option is required")
        }
        switch kind {
        case .list(let element): faults += element.faults(at: path + ["list"])
        case .map(let element): faults += element.faults(at: path + ["map"])
        case .fields(let schema): faults += schema.faults(at: path + ["fields"])
        default: break
        }
        if faults.isEmpty, !defaultValue.isNil { faults += faultsOfDefault(at: path + ["default"]) }
        return faults
    }

    private func faultsOfDefault(at path: [String]) -> [SchemaFault] {
        var rule = self
        (rule.defaultValue, rule.formerNames, rule.isRequired) = (.nil, [], true)
        var resolver = OptionResolver()
        let name = path[path.count - 2]
        _ = try? resolver.resolve(.record(LuaRecord([(name, defaultValue)])), by: OptionSchema([(name, rule)]))
        return resolver.faults.map { fault in
            SchemaFault(keys: path, text: "`\(path.joined(separator: "."))` breaks its own rule: \(fault.text)")
        }
    }
}

extension [SchemaFault] {
    fileprivate mutating func append(_ keys: [String], _ text: String) {
        append(SchemaFault(keys: keys, text: "`\(keys.joined(separator: "."))` \(text)"))
    }
}
