import Testing

@testable import Federation

/// What a tenant is told of functions that it does not have.
@Suite struct TenantLacksTests {
    @Test func everyFunctionOfTheLibraryIsKnown() {
        let functions = MFLibrary.functions.map(\.name) + HostFunction.all.map(\.name)
        #expect(TenantLacks.ofMF == Set(functions))
        let namespaces = Operations.namespaces.map { ($0.name, Set($0.functions.map(\.name))) }
        #expect(TenantLacks.namespaces == Dictionary(uniqueKeysWithValues: namespaces))
    }
}
