import Posix
import Testing

@Suite struct CronScheduleTests {
    /// Central Europe in 2026: the clock goes from 2:00 to 3:00 on 29 March, and from 3:00 to 2:00 on 25 October.
    private static let europe: CronSchedule.Offset = { moment in
        moment >= 1_774_746_000 && moment < 1_792_890_000 ? 7200 : 3600
    }
    private static let spring = 1_774_746_000
    private static let autumn = 1_792_890_000

    /// The moments at which a schedule is due after another, in minutes from there.
    private static func due(_ text: String, after moment: Int, _ count: Int) throws -> [Int] {
        let schedule = try CronSchedule(text)
        var (last, minutes) = (moment, [Int]())
        for _ in 0..<count {
            last = try #require(schedule.next(after: last, europe))
            minutes.append((last - moment) / 60)
        }
        return minutes
    }

    @Test func aSkippedTimeIsDueOnceWhereTheClockGoesOn() throws {
        #expect(try Self.due("30 2 * * *", after: Self.spring - 3600, 2) == [60, 60 + 23 * 60 + 30])
        #expect(try Self.due("0,20,40 2 * * *", after: Self.spring - 3600, 2) == [60, 60 + 23 * 60])
        #expect(try Self.due("0 2,3 * * *", after: Self.spring - 3600, 2) == [60, 60 + 23 * 60])
    }

    @Test func aDoubledTimeIsDueOnce() throws {
        #expect(try Self.due("30 2 * * *", after: Self.autumn - 3600, 2) == [30, 30 + 25 * 60])
        #expect(try Self.due("0 3 * * *", after: Self.autumn - 3600, 1) == [120])
    }

    @Test func whatIsDueEveryHourGoesByTheTimeThatPasses() throws {
        #expect(try Self.due("*/30 * * * *", after: Self.autumn - 3600, 5) == [30, 60, 90, 120, 150])
        #expect(try Self.due("*/30 * * * *", after: Self.spring - 3600, 4) == [30, 60, 90, 120])
    }

    static let utc: [(text: String, due: Int)] = [
        ("* * * * *", 60), ("*/15 * * * *", 900), ("5 * * * *", 300), ("@hourly", 3600), ("@daily", 86_400),
        ("0 12 * * *", 43_200), ("30 6-8/2 * * *", 23_400),
        // 1970 began on a Thursday.
        ("0 0 * * fri", 86_400), ("0 0 * * 0", 3 * 86_400), ("0 0 * * 7", 3 * 86_400),
        ("0 0 10 * fri", 86_400), ("0 0 3 * sun", 2 * 86_400), ("0 0 1 feb *", 31 * 86_400),
        ("0 0 29 2 *", (2 * 365 + 31 + 28) * 86_400),
    ]

    @Test(arguments: utc) func fieldsSayWhen(text: String, due: Int) throws {
        #expect(try CronSchedule(text).next(after: 0, CronSchedule.utc) == due)
    }

    static let problems: [(text: String, problem: String)] = [
        ("", "it has 0 fields in place of 5"), ("* * * *", "it has 4 fields in place of 5"),
        ("5", "it has 1 field in place of 5"), ("60 * * * *", "the minute `60` is not between 0 and 59"),
        ("* 24 * * *", "the hour `24` is not between 0 and 23"),
        ("* * 0 * *", "the day of the month `0` is not between 1 and 31"),
        ("* * * jam *", "`jam` is no month"), ("* * * * 8", "the day of the week `8` is not between 0 and 7"),
        ("*/0 * * * *", "`0` is no step of the minute"), ("*/x * * * *", "`x` is no step of the minute"),
        ("5-1 * * * *", "the range `5-1` of the minute runs backwards"), ("1,,2 * * * *", "`` is no minute"),
        ("-1 * * * *", "`` is no minute"), ("99999999999999999999 * * * *", "`99999999999999999999` is no minute"),
        ("0 0 31 2 *", "no such day of the month ever comes"), ("@often", "there is no shorthand `@often`"),
    ]

    @Test(arguments: problems) func whatCannotBeReadSaysWhy(text: String, problem: String) {
        #expect(throws: CronSchedule.Problem.self) { try CronSchedule(text) }
        do { _ = try CronSchedule(text) } catch { #expect(error.description == problem) }
    }
}
