//! Variances, covariances and correlations of NUMERIC and BIGNUMERIC. The sums are exact, and only the result is a
//! FLOAT64.
//!
//! A number is its whole number of the smallest unit, so the sums are whole numbers too. DuckDB adds them.
//!
//! The module must not know types of columns. To add a function, add a branch in [`Sums::result`], and the sums that it
//! needs in `sql/analyze/statistics.rs`.

use super::{Outcome, integer};
use num_bigint::BigInt;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("decimal_product", [x, y]) => Some(product(x, y)),
        ("decimal_statistics", [function, scale, sums @ ..]) => Some(of_sums(function, scale, sums)),
        ("decimal_statistics_of", [function, scale, values]) => Some(of_values(function, scale, values)),
        _ => None,
    }
}

fn whole(text: &str) -> Result<BigInt, String> {
    text.parse().map_err(|_| format!("Invalid decimal: {text}"))
}

fn product(x: &str, y: &str) -> Outcome {
    Ok(Some((whole(x)? * whole(y)?).to_string()))
}

/// The nearest FLOAT64.
fn float(own: &BigInt) -> f64 {
    own.to_string().parse().unwrap_or(f64::NAN)
}

/// The sums over the pairs of two numbers. A variance is of a number with itself.
struct Sums {
    count: BigInt,
    x: BigInt,
    y: BigInt,
    product: BigInt,
    /// The sums of the squares of both, for a correlation.
    squares: Option<(BigInt, BigInt)>,
    /// The digits after the point of a number.
    scale: u32,
}

impl Sums {
    fn result(&self, function: &str) -> Option<f64> {
        let parted = |sum: &BigInt, x: &BigInt, y: &BigInt| &self.count * sum - x * y;
        let numerator = parted(&self.product, &self.x, &self.y);
        if let Some((of_x, of_y)) = &self.squares {
            let both = parted(of_x, &self.x, &self.x) * parted(of_y, &self.y, &self.y);
            return (self.count > BigInt::from(1)).then(|| float(&numerator) / float(&both).sqrt());
        }
        let is_population = function.ends_with("pop");
        let divisor = if is_population { self.count.clone() } else { &self.count - 1 };
        if divisor <= BigInt::ZERO {
            return None;
        }
        let unit = BigInt::from(10).pow(2 * self.scale);
        let variance = float(&numerator) / float(&(&self.count * divisor * unit));
        Some(if function.starts_with("stddev") { variance.sqrt() } else { variance })
    }

    fn outcome(&self, function: &str) -> Outcome {
        Ok(self.result(function).map(|own| if own.is_nan() { "NaN".to_owned() } else { format!("{own:e}") }))
    }
}

fn scale_of(text: &str) -> Result<u32, String> {
    u32::try_from(integer(text)?).map_err(|error| error.to_string())
}

/// A result from the sums that DuckDB has computed.
fn of_sums(function: &str, scale: &str, sums: &[&str]) -> Outcome {
    let numbers: Vec<BigInt> = sums.iter().map(|text| whole(text)).collect::<Result<_, _>>()?;
    let [count, x, y, product, squares @ ..] = numbers.as_slice() else {
        return Err("A statistical function needs its sums".to_owned());
    };
    let squares = match squares {
        [of_x, of_y] => Some((of_x.clone(), of_y.clone())),
        _ => None,
    };
    let (count, x, y, product) = (count.clone(), x.clone(), y.clone(), product.clone());
    Sums { count, x, y, product, squares, scale: scale_of(scale)? }.outcome(function)
}

/// A result from numbers with commas between them.
fn of_values(function: &str, scale: &str, values: &str) -> Outcome {
    let (mut count, mut sum, mut square) = (BigInt::ZERO, BigInt::ZERO, BigInt::ZERO);
    for text in values.split(',').filter(|text| !text.is_empty()) {
        let own = whole(text)?;
        square += &own * &own;
        sum += own;
        count += 1;
    }
    let sums =
        Sums { count, x: sum.clone(), y: sum, product: square, squares: None, scale: scale_of(scale)? };
    sums.outcome(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_large_numbers_keep_their_variance() {
        let values = "99999999999999999999999999999100000000,99999999999999999999999999999200000000";
        assert_eq!(of_values("var_pop", "9", values).unwrap().unwrap(), "2.5e-3");
        assert_eq!(of_values("stddev_samp", "9", "1000000000").unwrap(), None);
        assert_eq!(of_values("var_samp", "9", "").unwrap(), None);
    }

    #[test]
    fn a_correlation_without_variance_is_nan() {
        let sums = |y: [&str; 4]| ["2", "3", y[0], y[1], "5", y[2]].map(str::to_owned);
        let correlation = |own: [String; 6]| {
            let texts: Vec<&str> = own.iter().map(String::as_str).collect();
            of_sums("corr", "0", &texts).unwrap().unwrap()
        };
        assert_eq!(correlation(sums(["6", "10", "20", ""])), "1e0");
        assert_eq!(correlation(sums(["2", "3", "2", ""])), "NaN");
    }
}
