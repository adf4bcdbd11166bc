"""No alert is lost: the collector is killed while alerts fire and channels fail."""
