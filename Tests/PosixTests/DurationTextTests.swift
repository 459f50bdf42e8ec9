import Posix
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("500us", Duration.microseconds(500)), ("0.5ms", .microseconds(500)), ("500ms", .milliseconds(500)),
        ("1.5s", .milliseconds(1_500)), ("90s", .seconds(90)), ("5m", .seconds(300)), ("5min", .seconds(300)),
        ("1h", .seconds(3_600)), ("2d", .seconds(172_800)), ("3650d", .seconds(3_650 * 86_400)),
    ])
    func numberAndUnitAreRead(text: String, duration: Duration) {
        #expect(Duration(text: text) == duration)
    }

    @Test(arguments: [
        "", "s", "30", "1.5", "soon", "30 s", " 30s", "30s ", "-1s", "+1s", "1e3s", "0x10s", "nans", "infs", ".5s",
        "5.s", "1.2.3s", "1,5s", "٣s", "5M", "5 min", "5mins", "0s", "0.0001us", "3653d", "99999999999999999999h",
    ])
    func anyOtherTextIsRefused(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: ["1us", "1.5s", "5min", "1h", "3650d"]) func textOfADurationIsReadAsTheSame(text: String) throws {
        let duration = try #require(Duration(text: text))
        #expect(Duration(text: duration.text) == duration)
    }
}
