"""The Meal Delivery Routing Problem of Reyes et al. (2018): the bundling policy played on its instances."""
