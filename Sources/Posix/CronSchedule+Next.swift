internal import Glibc

extension CronSchedule {
    /// How a zone's clock differs from UTC at a moment, in seconds.
    package typealias Offset = @Sendable (_ moment: Int) -> Int

    /// UTC.
    package static let utc: Offset = { _ in 0 }

    /// The zone of this machine, or of the variable `TZ`.
    package static let local: Offset = { moment in
        var (time, parts) = (time_t(moment), tm())
        tzset()
        localtime_r(&time, &parts)
        return parts.tm_gmtoff
    }

    /// The first moment after another at which it is due, in seconds since 1970.
    ///
    /// A time that the clock skips is due once, where the clock goes on; one that comes twice is due the first time, unless
    /// the schedule is for every hour: then it goes by the time that passes.
    ///
    /// - Returns: Nil where there is none within 30 years.
    package func next(after moment: Int, _ offset: Offset) -> Int? {
        var wall = Self.floor(moment + offset(moment), to: 60) + 60
        while let due = nextWall(from: wall) {
            let found =
                isHourly ? Self.moments(of: due, offset).first { $0 > moment } : Self.moments(of: due, offset).first
            if let found, found > moment {
                // The clock was put back in between: its hour comes again.
                if isHourly, offset(found) < offset(moment), found - moment <= 4 * 86_400 {
                    return stride(from: Self.floor(moment, to: 60) + 60, through: found, by: 60).first {
                        nextWall(from: $0 + offset($0)) == $0 + offset($0)
                    }
                }
                return found
            }
            wall = due + 60
        }
        return nil
    }

    /// The moments at which a clock shows a time, counted as if it were UTC; where it skips that, the one at which it goes on.
    private static func moments(of wall: Int, _ offset: Offset) -> [Int] {
        let (before, after) = (offset(wall - 86_400), offset(wall + 86_400))
        let shown = Set([wall - before, wall - after]).filter { $0 + offset($0) == wall }.sorted()
        if !shown.isEmpty { return shown }
        var (low, high) = (wall - 2 * 86_400, wall + 2 * 86_400)
        let first = offset(low)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(middle) == first { low = middle } else { high = middle }
        }
        return [high]
    }

    /// The first time of the clock from one on, counted as if it were UTC.
    private func nextWall(from wall: Int) -> Int? {
        var day = Self.floor(wall, to: 86_400)
        var first = (wall - day) / 60
        for _ in 0..<(30 * 366) {
            if isDue(onDay: day) {
                for hour in hours.sorted() where hour * 60 + 59 >= first {
                    for minute in minutes.sorted() where hour * 60 + minute >= first {
                        return day + hour * 3600 + minute * 60
                    }
                }
            }
            day += 86_400
            first = 0
        }
        return nil
    }

    private func isDue(onDay start: Int) -> Bool {
        var (time, parts) = (time_t(start), tm())
        gmtime_r(&time, &parts)
        guard months.contains(Int(parts.tm_mon) + 1) else { return false }
        let isDay = days.contains(Int(parts.tm_mday))
        let isWeekday = weekdays.contains(Int(parts.tm_wday))
        return isAnyDay || isAnyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    private static func floor(_ number: Int, to unit: Int) -> Int { number - ((number % unit) + unit) % unit }
}
