import LuaBridge

extension OptionSchema {
    /// The options as JSON Schema (2020-12). What it cannot say, such as bounds of durations, is in the descriptions.
    ///
    /// - Parameters:
    ///   - title: The plugin's name.
    ///   - about: What the plugin does.
    func jsonSchema(title: String, about: String? = nil) throws -> String {
        var record = LuaRecord([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", .string(title)),
        ])
        if let about { record.append("description", .string(about)) }
        let value = LuaValue.record(LuaRecord(record.entries + object.entries))
        return String(decoding: try JSON.encode(value, pretty: true), as: UTF8.self)
    }

    fileprivate var object: LuaRecord {
        var record = LuaRecord([
            ("type", "object"),
            ("properties", .record(LuaRecord(rules.map { ($0.name, .record($0.rule.jsonSchema)) }))),
            ("additionalProperties", false),
        ])
        let required = rules.filter(\.rule.isRequired).map { LuaValue.string($0.name) }
        if !required.isEmpty { record.append("required", .array(required)) }
        return record
    }
}

extension OptionRule {
    fileprivate var jsonSchema: LuaRecord {
        var record = typeSchema
        let bounds: (String, String)? =
            switch kind {
            case .string: ("minLength", "maxLength")
            case .integer, .number: ("minimum", "maximum")
            case .list: ("minItems", "maxItems")
            case .map: ("minProperties", "maxProperties")
            default: nil
            }
        if let bounds {
            if !min.isNil { record.append(bounds.0, min) }
            if !max.isNil { record.append(bounds.1, max) }
        }
        // Bounds of durations and sizes are words.
        let text = about + (bounds == nil && !range.isEmpty ? (about.isEmpty ? "" : " ") + "A value\(range)." : "")
        if !text.isEmpty { record.append("description", .string(text)) }
        if isSecret { record.append("writeOnly", true) }
        if !isSecret, (try? JSON.encode(defaultValue)) != nil, !defaultValue.isNil {
            record.append("default", jsonDefault)
        }
        return record
    }

    /// An empty table is a list where lists are taken.
    private var jsonDefault: LuaValue {
        if case .list = kind, let elements = defaultValue.arrayValue { .array(elements) } else { defaultValue }
    }

    private var typeSchema: LuaRecord {
        switch kind {
        case .string: LuaRecord([("type", "string")])
        case .integer: LuaRecord([("type", "integer")])
        case .number: LuaRecord([("type", "number")])
        case .boolean: LuaRecord([("type", "boolean")])
        case .url: LuaRecord([("type", "string"), ("format", "uri")])
        case .path: LuaRecord([("type", "string"), ("minLength", 1)])
        case .duration:
            LuaRecord([("type", "string"), ("pattern", "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|min|h|d)$")])
        case .size:
            LuaRecord([
                ("type", .array(["string", "integer"])), ("pattern", "^[0-9]+(\\.[0-9]+)?(B|KB|MB|GB)$"),
            ])
        // Functions are written in Lua only.
        case .function: LuaRecord([("not", .record(LuaRecord()))])
        case .any: LuaRecord()
        case .enum(let values): LuaRecord([("enum", .array(values))])
        case .list(let element): LuaRecord([("type", "array"), ("items", .record(element.jsonSchema))])
        case .map(let element):
            LuaRecord([("type", "object"), ("additionalProperties", .record(element.jsonSchema))])
        case .fields(let schema): schema.object
        }
    }
}
