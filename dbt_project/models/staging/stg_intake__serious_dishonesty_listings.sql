{{ listings_as_sent('serious_dishonesty_listing') }}
