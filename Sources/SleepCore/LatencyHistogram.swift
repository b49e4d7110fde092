internal import Histogram

/// Wake latencies of one service: percentiles to two digits, and exact counts at every bound.
///
/// Whether a wake kept its budget is counted when it is recorded, never read off the percentiles.
/// A histogram takes about 11 kB, so a service gets one with its first wake.
package struct LatencyHistogram: Sendable {
    /// Upper bounds in milliseconds: the built-in budgets and steps around them.
    package static let boundsMilliseconds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

    package private(set) var count = 0
    package private(set) var withinBudget = 0
    package private(set) var sum: Duration = .zero
    package private(set) var longest: Duration = .zero
    /// How many latencies were at most the bound of the same index; cumulative.
    package private(set) var atMostBound = [Int](repeating: 0, count: boundsMilliseconds.count)
    private var histogram = Histogram<UInt32>(
        lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: .two)

    package init() {}

    package mutating func record(_ latency: Duration, budget: Duration) {
        count += 1
        sum += latency
        longest = max(longest, latency)
        if latency <= budget { withinBudget += 1 }
        for (index, bound) in Self.boundsMilliseconds.enumerated() where latency <= .milliseconds(bound) {
            atMostBound[index] += 1
        }
        histogram.record(UInt64(clamping: min(max(latency.microseconds, 1), 3_600_000_000)))
    }

    /// The latency that `percent` (0...100) of the wakes did not exceed, to two digits and never above
    /// the longest; null before the first.
    package func percentile(_ percent: Double) -> Duration? {
        guard count > 0 else { return nil }
        return min(.microseconds(Int64(clamping: histogram.valueAtPercentile(percent))), longest)
    }
}
