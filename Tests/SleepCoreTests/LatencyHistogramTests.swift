import SleepCore
import Testing

@Suite("wake latencies")
struct LatencyHistogramTests {
    @Test("before the first there is no percentile")
    func empty() {
        let latencies = LatencyHistogram()
        #expect(latencies.count == 0 && latencies.percentile(50) == nil && latencies.longest == .zero)
    }

    @Test("a wake just within its budget counts as within, a microsecond more doesn't")
    func budget() {
        var latencies = LatencyHistogram()
        latencies.record(.milliseconds(50), budget: .milliseconds(50))
        latencies.record(.microseconds(50_001), budget: .milliseconds(50))
        #expect(latencies.count == 2 && latencies.withinBudget == 1)
    }

    @Test("counts at the bounds are exact and cumulative")
    func bounds() {
        var latencies = LatencyHistogram()
        for latency in [Duration.milliseconds(1), .microseconds(1001), .milliseconds(200), .seconds(11)] {
            latencies.record(latency, budget: .milliseconds(200))
        }
        #expect(LatencyHistogram.boundsMilliseconds.starts(with: [1, 2, 5, 10, 20, 50, 100, 200, 500]))
        #expect(latencies.atMostBound == [1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3])
        #expect(latencies.sum == .microseconds(11_202_001) && latencies.longest == .seconds(11))
    }

    @Test("percentiles are right to two digits and never above the longest")
    func percentiles() throws {
        var latencies = LatencyHistogram()
        for milliseconds in 1...1000 { latencies.record(.milliseconds(milliseconds), budget: .seconds(1)) }
        for (percent, exact) in [(50.0, 500), (95, 950), (99, 990)] {
            let value = try #require(latencies.percentile(percent)) / .milliseconds(1)
            #expect(abs(value - Double(exact)) <= Double(exact) / 100)
        }
        #expect(latencies.percentile(100) == .seconds(1))
    }

    @Test("latencies that no histogram holds are kept at its ends")
    func extremes() {
        var latencies = LatencyHistogram()
        latencies.record(.zero, budget: .zero)
        #expect(latencies.percentile(50) == .zero && latencies.withinBudget == 1)
        latencies.record(.seconds(7200), budget: .zero)
        #expect(latencies.longest == .seconds(7200))
        #expect((latencies.percentile(100) ?? .zero) >= .seconds(3600))
    }
}
