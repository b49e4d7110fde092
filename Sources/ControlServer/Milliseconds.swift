internal import SleepCore

extension Duration {
    /// Milliseconds to two digits behind the point, as the wire has them.
    var rounded: Double { Double(microseconds / 10) / 100 }
}

func milliseconds(_ microseconds: Int64) -> Double { Duration.microseconds(microseconds).rounded }
